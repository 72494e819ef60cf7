/* Every check by the name run.py knows it by, in the order they run. */
#ifndef CHECKS_H
#define CHECKS_H

#define CHECKS(X)                                                                                   \
    X(server_info) X(verbose_and_pedantic) X(no_echo) X(flush_and_rtt)                              \
    X(auth_none) X(auth_token) X(auth_bcrypt_token) X(auth_token_refused) X(auth_missing_refused)   \
    X(auth_user_password) X(auth_url_user_password) X(auth_user_password_refused)                   \
    X(auth_bcrypt_password) X(auth_bcrypt_password_refused) X(auth_nkey) X(auth_nkey_refused)       \
    X(auth_jwt) X(auth_jwt_refused) X(auth_no_auth_user) X(auth_no_auth_user_refused)               \
    X(tls_required) X(tls_untrusted_refused) X(tls_handshake_first) X(tls_mutual)                   \
    X(tls_mutual_refused) X(publish_subscribe) X(wildcards) X(headers) X(headers_multi_value)       \
    X(queue_group) X(order_10000) X(unsubscribe) X(unsubscribe_with_max) X(drain_subscription)      \
    X(drain_connection) X(request_reply) X(no_responders) X(request_many) X(large_payload_1mib)     \
    X(large_payload_4mib) X(max_payload_client) X(max_payload_server) X(permission_publish)         \
    X(permission_subscribe) X(reconnect_after_restart) X(reconnect_after_kill) X(lame_duck)        \
    X(jetstream_streams) X(jetstream_publish) X(jetstream_direct_get) X(jetstream_fetch)            \
    X(jetstream_acks) X(jetstream_push_members) X(jetstream_ordered) X(jetstream_restart)           \
    X(kv_values) X(kv_watch) X(kv_keys) X(kv_history) X(kv_restart)

#define DECLARE(name) void name(void);
CHECKS(DECLARE)
#undef DECLARE

#endif
