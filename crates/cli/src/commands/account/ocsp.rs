//! OCSP answers (RFC 6960): whether an authority has revoked a certificate.
//!
//! ```text
//! OCSPResponse  { status ENUMERATED, [0] { type OID, OCTET STRING of BasicOCSPResponse } }
//! Basic         { ResponseData, algorithm, signature BIT STRING, [0] certificates }
//! ResponseData  { [0] version, responder [1] or [2], producedAt, SEQUENCE of Single, [1] }
//! Single        { { hash, name, key, serial }, status [0], [1] or [2], thisUpdate, [0] nextUpdate, [1] }
//! ```

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use x509_parser::asn1_rs::{Any, Class, FromDer, Tag};
use x509_parser::prelude::{ASN1Time, X509Certificate};
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::chains::Certificate;

/// `id-pkix-ocsp-basic`, the only kind of answer.
const BASIC: &str = "1.3.6.1.5.5.7.48.1.1";

/// What the authority says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// The certificate is valid.
    Good,
    /// It was revoked then.
    Revoked(ASN1Time),
    /// The authority does not know it.
    Unknown,
}

/// A checked answer about a certificate.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it says.
    pub status: Status,
    /// Serial number of the certificate.
    pub serial: Vec<u8>,
    /// When it was signed.
    pub produced: ASN1Time,
    /// Since when it holds.
    pub this_update: ASN1Time,
    /// Until when it holds, if that is known.
    pub next_update: Option<ASN1Time>,
}

type Parsed<'a, T> = Result<(&'a [u8], T), String>;

/// The next element, which has to be of a class and tag.
fn element<'a>(input: &'a [u8], class: Class, tag: u32) -> Parsed<'a, Any<'a>> {
    let (rest, any) = Any::from_der(input).map_err(|_| "it is damaged".to_owned())?;
    if any.class() != class || any.tag() != Tag(tag) {
        return Err(format!("unexpected element {:?}", any.tag()));
    }
    Ok((rest, any))
}

fn plain<'a>(input: &'a [u8], tag: Tag) -> Parsed<'a, &'a [u8]> {
    let (rest, any) = element(input, Class::Universal, tag.0)?;
    Ok((rest, any.data))
}

/// The next element if it has a tag of this format's own.
fn optional(input: &[u8], tag: u32) -> (&[u8], Option<&[u8]>) {
    match element(input, Class::ContextSpecific, tag) {
        Ok((rest, any)) => (rest, Some(any.data)),
        Err(_) => (input, None),
    }
}

fn time(input: &[u8]) -> Parsed<'_, ASN1Time> {
    ASN1Time::from_der(input).map_err(|_| "a time in it is wrong".to_owned())
}

/// The bytes of an element with its head.
fn whole<'a>(input: &'a [u8], rest: &[u8]) -> &'a [u8] {
    input
        .get(..input.len().saturating_sub(rest.len()))
        .unwrap_or_default()
}

impl Answer {
    /// Reads an answer about a certificate, which its issuer has to have
    /// signed, or somebody whom the issuer allows to.
    pub fn verified(
        der: &[u8],
        own: &Certificate<'_>,
        issuer: &Certificate<'_>,
    ) -> Result<Self, String> {
        let basic = basic_of(der)?;
        let (after_data, data) = plain(basic, Tag::Sequence)?;
        let signed = whole(basic, after_data);
        let (rest, algorithm) =
            AlgorithmIdentifier::from_der(after_data).map_err(|_| "it is damaged".to_owned())?;
        let (rest, signature) = plain(rest, Tag::BitString)?;
        // The first byte says how many bits of the last are not used: none.
        let Some((0, signature)) = signature.split_first() else {
            return Err("it is damaged".to_owned());
        };
        let id = algorithm.algorithm.to_id_string();
        let by = |key: &SubjectPublicKeyInfo<'_>| is_signed(&id, key, signed, signature);
        if !by(issuer.parsed.public_key()) {
            let certificates = optional(rest, 0).1.unwrap_or_default();
            let allowed = delegates(certificates, &issuer.parsed);
            if !allowed.iter().any(|one| by(one.public_key())) {
                return Err("its signature is not that of the issuer".to_owned());
            }
        }
        find(data, own.parsed.raw_serial())
    }
}

/// The part that is signed, with its signature.
fn basic_of(der: &[u8]) -> Result<&[u8], String> {
    let (_, response) = plain(der, Tag::Sequence)?;
    let (rest, status) = plain(response, Tag::Enumerated)?;
    if status != [0] {
        return Err(format!("the responder answered with status {status:?}"));
    }
    let (_, Some(bytes)) = optional(rest, 0) else {
        return Err("it has no answer".to_owned());
    };
    let (_, bytes) = plain(bytes, Tag::Sequence)?;
    let (rest, kind) =
        x509_parser::asn1_rs::Oid::from_der(bytes).map_err(|_| "it is damaged".to_owned())?;
    if kind.to_id_string() != BASIC {
        return Err(format!("answers of the kind {kind} are not known"));
    }
    let (_, octets) = plain(rest, Tag::OctetString)?;
    let (_, basic) = plain(octets, Tag::Sequence)?;
    Ok(basic)
}

/// Certificates that the issuer signed for those who answer in its name.
fn delegates<'a>(certificates: &'a [u8], issuer: &X509Certificate<'_>) -> Vec<X509Certificate<'a>> {
    let mut found = Vec::new();
    let Ok((_, mut rest)) = plain(certificates, Tag::Sequence) else {
        return found;
    };
    while let Ok((after, certificate)) = X509Certificate::from_der(rest) {
        rest = after;
        let for_ocsp = certificate
            .extended_key_usage()
            .ok()
            .flatten()
            .is_some_and(|usage| usage.value.ocsp_signing);
        let by_issuer = is_signed(
            &certificate.signature_algorithm.algorithm.to_id_string(),
            issuer.public_key(),
            certificate.tbs_certificate.as_ref(),
            &certificate.signature_value.data,
        );
        if for_ocsp && by_issuer && certificate.validity().is_valid() {
            found.push(certificate);
        }
    }
    found
}

fn is_signed(
    algorithm: &str,
    key: &SubjectPublicKeyInfo<'_>,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let candidates: &[&'static dyn VerificationAlgorithm] = match algorithm {
        "1.2.840.10045.4.3.2" => &[&ECDSA_P256_SHA256_ASN1, &ECDSA_P384_SHA256_ASN1],
        "1.2.840.10045.4.3.3" => &[&ECDSA_P384_SHA384_ASN1, &ECDSA_P256_SHA384_ASN1],
        "1.2.840.113549.1.1.11" => &[&RSA_PKCS1_2048_8192_SHA256],
        "1.2.840.113549.1.1.12" => &[&RSA_PKCS1_2048_8192_SHA384],
        "1.2.840.113549.1.1.13" => &[&RSA_PKCS1_2048_8192_SHA512],
        "1.3.101.112" => &[&ED25519],
        _ => &[],
    };
    let key = &key.subject_public_key.data;
    candidates.iter().any(|candidate| {
        UnparsedPublicKey::new(*candidate, key)
            .verify(message, signature)
            .is_ok()
    })
}

/// The answer about a serial number.
fn find(data: &[u8], serial: &[u8]) -> Result<Answer, String> {
    let (rest, _) = optional(data, 0);
    // Who answers: a name or a hash of a key.
    let (rest, _) = Any::from_der(rest).map_err(|_| "it is damaged".to_owned())?;
    let (rest, produced) = time(rest)?;
    let (_, mut singles) = plain(rest, Tag::Sequence)?;
    while !singles.is_empty() {
        let (after, single) = plain(singles, Tag::Sequence)?;
        singles = after;
        let (rest, id) = plain(single, Tag::Sequence)?;
        if serial_of(id)? != serial {
            continue;
        }
        let (rest, status) = Any::from_der(rest).map_err(|_| "it is damaged".to_owned())?;
        let status = match (status.class(), status.tag().0) {
            (Class::ContextSpecific, 0) => Status::Good,
            (Class::ContextSpecific, 1) => Status::Revoked(time(status.data)?.1),
            _ => Status::Unknown,
        };
        let (rest, this_update) = time(rest)?;
        let next_update = match optional(rest, 0).1 {
            Some(next) => Some(time(next)?.1),
            None => None,
        };
        return Ok(Answer {
            status,
            serial: serial.to_vec(),
            produced,
            this_update,
            next_update,
        });
    }
    Err("it is about another certificate".to_owned())
}

/// The serial number in the id of a certificate.
fn serial_of(id: &[u8]) -> Result<&[u8], String> {
    let (rest, _) = plain(id, Tag::Sequence)?;
    let (rest, _) = plain(rest, Tag::OctetString)?;
    let (rest, _) = plain(rest, Tag::OctetString)?;
    let (_, serial) = plain(rest, Tag::Integer)?;
    Ok(serial)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::output::Json;

    struct Vectors(Json);

    impl Vectors {
        fn der(&self, name: &str) -> Vec<u8> {
            STANDARD.decode(self.0.text(name)).unwrap()
        }

        fn checked(&self, answer: &str, about: &str) -> Result<Answer, String> {
            let (own, issuer) = (self.der(about), self.der("ca"));
            let own = Certificate::read(&own).unwrap();
            let issuer = Certificate::read(&issuer).unwrap();
            Answer::verified(&self.der(answer), &own, &issuer)
        }
    }

    fn vectors() -> Vectors {
        let text = include_bytes!("../../../tests/data/ocsp-vectors.json");
        Vectors(Json::parse(text).unwrap())
    }

    #[test]
    fn answers_are_read() {
        let vectors = vectors();
        let good = vectors.checked("good", "own").unwrap();
        assert_eq!(good.status, Status::Good);
        assert_eq!(good.serial, [0x12, 0x34]);
        let week = good.next_update.unwrap().timestamp() - good.this_update.timestamp();
        assert_eq!(week, 7 * 86400);
        let revoked = vectors.checked("revoked", "own").unwrap();
        let Status::Revoked(at) = revoked.status else {
            panic!("{revoked:?}");
        };
        assert_eq!(at.timestamp(), 1_767_225_600);
        assert_eq!(revoked.next_update, None);
        let unknown = vectors.checked("unknown", "own").unwrap();
        assert_eq!(unknown.status, Status::Unknown);
    }

    #[test]
    fn only_the_issuer_may_answer_or_allow_others_to() {
        let vectors = vectors();
        for answer in ["stranger", "other"] {
            let why = vectors.checked(answer, "own").unwrap_err();
            assert_eq!(why, "its signature is not that of the issuer", "{answer}");
        }
        assert_eq!(
            vectors.checked("good", "own2").unwrap_err(),
            "it is about another certificate"
        );
    }

    #[test]
    fn damaged_answers_are_refused() {
        let vectors = vectors();
        let (own, issuer) = (vectors.der("own"), vectors.der("ca"));
        let own = Certificate::read(&own).unwrap();
        let issuer = Certificate::read(&issuer).unwrap();
        let good = vectors.der("good");
        for length in 0..good.len() {
            assert!(Answer::verified(&good[..length], &own, &issuer).is_err());
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            // Nothing is said about what stands around that which is signed.
            if let Ok(answer) = Answer::verified(&bad, &own, &issuer) {
                assert_eq!(answer.status, Status::Good, "byte {at}");
            }
        }
    }
}
