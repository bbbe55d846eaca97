//! What is shown to whoever asks: references to Secrets.

use crate::diag::Sourced;

/// Credentials, as references to Secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    pub auth: Option<Auth>,
    pub ca: Option<SecretKey>,
    pub client_cert: Option<ClientCert>,
    pub server_name: Option<Sourced<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    Basic { secret: Sourced<String>, username_key: String, password_key: String },
    Bearer(SecretKey),
}

impl Auth {
    /// The Secret that holds it.
    pub fn secret(&self) -> &Sourced<String> {
        match self {
            Auth::Basic { secret, .. } => secret,
            Auth::Bearer(key) => &key.secret,
        }
    }

    /// The same keys of another Secret.
    pub fn in_secret(&self, other: &Sourced<String>) -> Auth {
        let mut auth = self.clone();
        match &mut auth {
            Auth::Basic { secret, .. } => *secret = other.clone(),
            Auth::Bearer(key) => key.secret = other.clone(),
        }
        auth
    }

    /// Whether both read the same values, wherever in the spec that is said.
    pub fn reads_same(&self, other: &Auth) -> bool {
        self.in_secret(other.secret()) == *other && self.secret().value == other.secret().value
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretKey {
    pub secret: Sourced<String>,
    pub key: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCert {
    pub secret: Sourced<String>,
    pub cert_key: String,
    pub key_key: String,
}
