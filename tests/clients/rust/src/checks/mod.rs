//! Every check by the name run.py knows it by.

mod authentication;
mod connection;
mod jetstream_acks;
mod jetstream_consumers;
mod jetstream_ordered;
mod jetstream_push;
mod jetstream_streams;
mod kv;
mod limits;
mod messaging;
mod object;
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
        jetstream_streams: jetstream_absent jetstream_domain jetstream_account jetstream_streams jetstream_paging jetstream_publish
            jetstream_messages jetstream_ttl jetstream_direct_get jetstream_direct_batch jetstream_restart;
        jetstream_ordered: jetstream_ordered jetstream_ordered_restart;
        jetstream_consumers: jetstream_consumers
            jetstream_fetch jetstream_fetch_nothing jetstream_next jetstream_consume
            jetstream_consume_restart jetstream_consumer_deleted jetstream_pull_limits jetstream_inactive jetstream_pause jetstream_reset
            jetstream_pinned jetstream_overflow;
        jetstream_acks: jetstream_acks jetstream_redelivery;
        jetstream_push: jetstream_work_queue jetstream_push jetstream_push_members jetstream_push_flow;
        kv: kv_buckets kv_values kv_watch kv_keys kv_history kv_purge_deletes kv_age kv_marker_ttl
            kv_limits kv_republish kv_restart;
        object: object_stores object_put_get object_100mib object_changes object_list_watch object_seal;
    }
}
