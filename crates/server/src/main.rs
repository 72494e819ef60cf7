use midge_server::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let cfg = std::fs::read_to_string(&args[2]).unwrap_or_default();
    let dir = cfg.split("ports_file_dir: \"").nth(1).and_then(|s| s.split('"').next()).map(str::to_owned);
    let keys = midge_identity::keys::ServerKeys::generate();
    let listener = acceptor::listen("127.0.0.1", 0).unwrap();
    let port = listener.local_addr().unwrap().port();
    let runtime = runtime::Runtime {
        info: midge_wire::info::ServerInfo { server_id: keys.id.clone(), server_name: keys.id.clone(), version: "2.15.1".into(), proto: 1, go: "r".into(), host: "127.0.0.1".into(), port, headers: true, max_payload: 1048576, api_lvl: 5, xkey: keys.xkey.clone(), ..Default::default() },
        auth: Default::default(), auth_required: false, hides_auth_required: false, auth_timeout: std::time::Duration::from_secs(2), uses_nonce: false, tls: None, proxy_protocol: false, supports_headers: true, max_payload: Some(1048576), max_control_line: 4096, max_pending: 64<<20, gate: 48<<20, max_connections: 65536, max_subscriptions: 0, max_sub_tokens: 0, max_closed_clients: 10000, ping_interval: std::time::Duration::from_secs(120), ping_max: 2, write_deadline: std::time::Duration::from_secs(10), write_retry: false, no_fast_producer_stall: false, max_traced_msg_len: 0, trace_headers: false,
    };
    let spread = std::env::var("MIDGE_PLACEMENT").is_ok();
    let server = server::Server::start(server::Setup { log: midge_log::Logger::to_nowhere(), runtime, identity: server::Identity { id: keys.id.clone(), xkey: keys.xkey, name: keys.id }, accounts: account::Accounts::new(), system_account: None, shards: 2, placement: if spread { server::Placement::Spread } else { server::Placement::Together } }).unwrap();
    server.accept_on(listener).unwrap();
    if let Some(dir) = dir { std::fs::write(format!("{dir}/x.ports"), format!("{{\"nats\":[\"nats://127.0.0.1:{port}\"]}}")).unwrap(); }
    loop { std::thread::park(); }
}
