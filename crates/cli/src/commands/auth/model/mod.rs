//! The model of `nats auth`.

mod account;
mod nkey;
mod operator;
mod user;

use crate::model::*;
use account::ACCOUNT;
use nkey::NKEY;
use operator::OPERATOR;
use user::USER;

/// `nats auth`.
pub const AUTH: Command = Command::new(
    "auth",
    "Operators, accounts, users and keys for decentralised authentication",
)
.commands(&[OPERATOR, ACCOUNT, USER, NKEY]);
