"""The checks every client suite reports, so that none can go missing without notice."""

CLIENT_CHECKS = """
server_info verbose_and_pedantic no_echo flush_and_rtt
auth_none auth_token auth_bcrypt_token auth_token_refused auth_missing_refused
auth_user_password auth_url_user_password auth_user_password_refused
auth_bcrypt_password auth_bcrypt_password_refused
auth_nkey auth_nkey_refused auth_jwt auth_jwt_refused auth_no_auth_user auth_no_auth_user_refused
tls_required tls_untrusted_refused tls_handshake_first tls_mutual tls_mutual_refused
publish_subscribe wildcards headers headers_multi_value queue_group
request_reply no_responders request_many
unsubscribe unsubscribe_with_max drain_subscription drain_connection
order_10000 large_payload_1mib large_payload_4mib max_payload_client max_payload_server
permission_publish permission_subscribe
reconnect_after_restart reconnect_after_kill lame_duck
""".split()

# Every client but C's, which has fewer.
JETSTREAM_CHECKS = """
jetstream_absent jetstream_domain
jetstream_account jetstream_streams jetstream_paging jetstream_publish jetstream_messages jetstream_ttl
jetstream_direct_get jetstream_direct_batch jetstream_ordered jetstream_ordered_restart jetstream_restart
jetstream_consumers jetstream_fetch jetstream_fetch_nothing jetstream_next jetstream_consume jetstream_consume_restart
jetstream_consumer_deleted jetstream_pull_limits jetstream_inactive jetstream_pause jetstream_reset
jetstream_pinned jetstream_overflow
jetstream_acks jetstream_redelivery jetstream_work_queue
jetstream_push jetstream_push_members jetstream_push_flow
kv_buckets kv_values kv_watch kv_keys kv_history kv_purge_deletes kv_age kv_marker_ttl kv_limits kv_republish kv_restart
object_stores object_put_get object_100mib object_changes object_list_watch object_seal
""".split()

C_JETSTREAM_CHECKS = """
jetstream_streams jetstream_publish jetstream_direct_get jetstream_fetch jetstream_acks jetstream_push_members
jetstream_ordered jetstream_restart
kv_values kv_watch kv_keys kv_history kv_restart
""".split()

INTRODUCTION_CHECKS = """
current_generation legacy_generation
jetstream_current jetstream_legacy jetstream_argument
""".split()

# What a server may not have, to how the names of the checks that need it begin.
FEATURES = {"jetstream": ("jetstream_", "kv_", "object_")}


def expected(suite, without=()):
    """The names of a suite's checks, but for those that need a feature of `without`."""
    if suite == "introduction":
        names = INTRODUCTION_CHECKS
    else:
        names = CLIENT_CHECKS + (C_JETSTREAM_CHECKS if suite == "c" else JETSTREAM_CHECKS)
    missing = tuple(prefix for feature in without for prefix in FEATURES.get(feature, ()))
    return [name for name in names if not name.startswith(missing)] if missing else names
