//! Every check by the name run.py knows it by.

mod authentication;
mod connection;
mod limits;
mod messaging;
mod requests;
mod resilience;
mod tls;

use crate::harness::{Check, CheckFuture};

macro_rules! checks {
    ($($module:ident: $($name:ident)*;)*) => {
        vec![$($((stringify!($name), (|t| Box::pin($module::$name(t)) as CheckFuture) as fn(_) -> _)),*),*]
    };
}

pub fn all() -> Vec<Check> {
    checks! {
        connection: server_info verbose_and_pedantic no_echo flush_and_rtt;
        authentication: auth_none auth_token auth_bcrypt_token auth_token_refused auth_missing_refused
            auth_user_password auth_url_user_password auth_user_password_refused
            auth_bcrypt_password auth_bcrypt_password_refused auth_nkey auth_nkey_refused
            auth_jwt auth_jwt_refused auth_no_auth_user auth_no_auth_user_refused;
        tls: tls_required tls_untrusted_refused tls_handshake_first tls_mutual tls_mutual_refused;
        messaging: publish_subscribe wildcards headers headers_multi_value queue_group order_10000
            unsubscribe unsubscribe_with_max drain_subscription drain_connection;
        requests: request_reply no_responders request_many;
        limits: large_payload_1mib large_payload_4mib max_payload_client max_payload_server
            permission_publish permission_subscribe;
        resilience: reconnect_after_restart reconnect_after_kill lame_duck;
    }
}
