//! The model of `nats auth nkey`.

use crate::commands::auth::nkey;
use crate::model::*;

/// `nats auth nkey`.
pub(super) const NKEY: Command = Command::new("nkey", "Key pairs")
    .aliases(&["nk"])
    .commands(&[
        NKEY_GEN,
        NKEY_SHOW,
        NKEY_SIGN,
        NKEY_VERIFY,
        NKEY_SEAL,
        NKEY_UNSEAL,
    ]);

/// `nats auth nkey gen`.
const NKEY_GEN: Command = Command::new("gen", "Make a key pair")
    .args(&[arg("type", "Kind of the key").choice(&[
        "user", "account", "server", "cluster", "operator", "curve", "x25519",
    ])])
    .flags(&[&[
        switch("public", "Print the public key too"),
        file("entropy", "Take randomness from this file"),
        text("output", "Write to this file"),
    ]])
    .run(nkey::generate);

/// `nats auth nkey show`.
const NKEY_SHOW: Command = Command::new("show", "Show the public key of a seed")
    .args(&[arg("key", "File with the seed").file()])
    .run(nkey::show);

/// `nats auth nkey sign`.
const NKEY_SIGN: Command = Command::new("sign", "Sign a file")
    .args(&[
        arg("file", "File to sign").file(),
        arg("key", "File with the seed that signs").file(),
    ])
    .run(nkey::sign);

/// `nats auth nkey verify`.
const NKEY_VERIFY: Command = Command::new("verify", "Verify the signature of a file")
    .args(&[
        arg("file", "File that was signed").file(),
        arg("signature", "File with the signature").file(),
        arg("key", "File with the key of the signer").file(),
    ])
    .run(nkey::verify);

/// `nats auth nkey seal`.
const NKEY_SEAL: Command = Command::new("seal", "Encrypt a file for a recipient")
    .aliases(&["encrypt", "enc"])
    .args(&[
        arg("file", "File to encrypt").file(),
        arg("key", "File with the curve seed of the sender").file(),
        arg("recipient", "Public key of the recipient"),
    ])
    .flags(&[&[
        text("output", "Write to this file"),
        negatable("b64", "Write (or read) base64 instead of raw bytes").on(),
    ]])
    .run(nkey::seal);

/// `nats auth nkey unseal`.
const NKEY_UNSEAL: Command = Command::new("unseal", "Decrypt a file")
    .aliases(&["open", "decrypt", "dec"])
    .args(&[
        arg("file", "File to decrypt").file(),
        arg("key", "File with the curve seed of the recipient").file(),
        arg("sender", "Public key of the sender"),
    ])
    .flags(&[&[
        text("output", "Write to this file"),
        negatable("b64", "Write (or read) base64 instead of raw bytes").on(),
    ]])
    .run(nkey::unseal);
