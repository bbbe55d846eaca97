//! The certificate authority of a run: it signs for the API server, for clients of it and for the public names of
//! stores. Pods trust it; nobody else does, and it is gone with the run.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use super::{During, Outcome, write};

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: PathBuf,
    /// Its own certificate.
    pub certificate: PathBuf,
    pub pem: String,
}

/// A certificate and its key, in files.
#[derive(Debug, Clone)]
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// # Errors
    /// The folder cannot be written.
    pub fn new(folder: &Path) -> Outcome<Self> {
        let mut params = CertificateParams::new(Vec::new()).during("authority")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority of this run");
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().during("authority")?;
        let pem = params.self_signed(&key).during("authority")?.pem();
        let certificate = folder.join("ca.crt");
        write(&certificate, &pem)?;
        Ok(Self { issuer: Issuer::new(params, key), folder: folder.to_owned(), certificate, pem })
    }

    /// For a server that is reached under these names and addresses.
    ///
    /// # Errors
    /// A name cannot be in a certificate.
    pub fn server(&self, file: &str, names: &[&str]) -> Outcome<Pair> {
        let names: Vec<String> = names.iter().map(|&n| n.to_owned()).collect();
        let mut params = CertificateParams::new(names).during(file)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(file, params, file, None)
    }

    /// For a client that Kubernetes is to know as this user of this group.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn client(&self, file: &str, user: &str, group: &str) -> Outcome<Pair> {
        let mut params = CertificateParams::new(Vec::new()).during(file)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(file, params, user, Some(group))
    }

    fn sign(&self, file: &str, mut params: CertificateParams, name: &str, group: Option<&str>) -> Outcome<Pair> {
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().during(file)?;
        let signed = params.signed_by(&key, &self.issuer).during(file)?;
        let pair =
            Pair { certificate: self.folder.join(format!("{file}.crt")), key: self.folder.join(format!("{file}.key")) };
        write(&pair.certificate, signed.pem())?;
        write(&pair.key, key.serialize_pem())?;
        Ok(pair)
    }
}

/// A key that signs tokens, and what verifies them.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub private: PathBuf,
    pub public: PathBuf,
}

impl Tokens {
    /// # Errors
    /// The folder cannot be written.
    pub fn new(folder: &Path) -> Outcome<Self> {
        let key = KeyPair::generate().during("key")?;
        let tokens = Self { private: folder.join("tokens.key"), public: folder.join("tokens.pub") };
        write(&tokens.private, key.serialize_pem())?;
        write(&tokens.public, key.public_key_pem())?;
        Ok(tokens)
    }
}
