//! Credentials: always the name of a Secret, and where needed the keys in it.

use super::key::key;
use crate::syntax::{Form::*, Key, Shape, Type};

pub static BASIC_AUTH: Shape = Shape {
    name: "basic-auth",
    doc: "User and password.",
    argument: None,
    keys: &[SECRET, USERNAME_KEY, PASSWORD_KEY],
};

pub static BEARER: Shape = Shape { name: "bearer", doc: "A token.", argument: None, keys: &[SECRET, TOKEN_KEY] };

/// As [`BASIC_AUTH`], for the door of a store.
pub static STORE_BASIC_AUTH: Shape = Shape {
    name: "store-basic-auth",
    doc: "User and password for a store.",
    argument: None,
    keys: &[SECRET, USERNAME_KEY, PASSWORD_KEY, PREVIOUS],
};

/// As [`BEARER`], for the door of a store.
pub static STORE_BEARER: Shape =
    Shape { name: "store-bearer", doc: "A token for a store.", argument: None, keys: &[SECRET, TOKEN_KEY, PREVIOUS] };

pub static CA: Shape = Shape {
    name: "ca",
    doc: "The certificate authority that the other side's certificate is checked with.",
    argument: None,
    keys: &[
        SECRET,
        key("key", Scalar(Type::SecretKey), "Key of the certificate.").default("`\"ca.crt\"`").serves("A4"),
    ],
};

pub static CLIENT_CERT: Shape = Shape {
    name: "client-cert",
    doc: "The certificate shown to the other side.",
    argument: None,
    keys: &[
        SECRET,
        key("cert-key", Scalar(Type::SecretKey), "Key of the certificate.").default("`\"tls.crt\"`").serves("A4"),
        key("key-key", Scalar(Type::SecretKey), "Key of the private key.").default("`\"tls.key\"`").serves("A4"),
    ],
};

pub(super) const SERVER_NAME: Key =
    key("server-name", Scalar(Type::Domain), "The name that the other side's certificate must carry.")
        .default("the host of its URL")
        .serves("A4")
        .native(&["serverName", "server_name"]);

pub(super) const SECRET: Key = key(
    "secret",
    Scalar(Type::ObjectName),
    "The Secret, in the namespace of the object that uses it, on the cluster that uses it.",
)
.required()
.serves("A4")
.native(&["secretName", "secretRef", "existingSecret"]);

const USERNAME_KEY: Key =
    key("username-key", Scalar(Type::SecretKey), "Key of the user name.").default("`\"username\"`").serves("A4");
const PASSWORD_KEY: Key =
    key("password-key", Scalar(Type::SecretKey), "Key of the password.").default("`\"password\"`").serves("A4");
const TOKEN_KEY: Key = key("key", Scalar(Type::SecretKey), "Key of the token.").default("`\"token\"`").serves("A4");
const PREVIOUS: Key = key(
    "previous",
    Scalar(Type::ObjectName),
    "The Secret with the old credential, same keys; accepted beside the new one while a rotation lasts.",
)
.serves("A4");
