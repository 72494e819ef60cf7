//! The texts of `-h` and `--help_tls` (configuration.md 7.4).

use crate::read::{CIPHER_SUITES, CURVES};

/// What `-h` prints, from the empty line at the top to the two newlines at the
/// end.
pub fn help() -> String {
    format!("{HELP}\nMidge {}\n\n", env!("CARGO_PKG_VERSION"))
}

/// What `--help_tls` prints.
pub fn help_tls() -> String {
    let mut out = String::from(TLS_SAMPLE);
    out.push_str("\nAvailable cipher suites include:\n");
    for (name, _) in CIPHER_SUITES {
        out.push_str(&format!("    {name}\n"));
    }
    out.push_str("\nAvailable curve preferences include:\n");
    for name in CURVES {
        out.push_str(&format!("    {name}\n"));
    }
    out.push_str(OCSP_SAMPLE);
    out
}

const HELP: &str = "
Usage: nats-server [options]

Server Options:
    -a, --addr, --net <host>         Host address to listen on (default: 0.0.0.0)
    -p, --port <port>                Port for clients, -1 for any (default: 4222)
    -n, --name
        --server_name <server_name>  Server name (default: auto)
    -P, --pid <file>                 Write the process id to this file
    -m, --http_port <port>           Port for HTTP monitoring
    -ms,--https_port <port>          Port for HTTPS monitoring
    -c, --config <file>              Configuration file
    -t                               Check the configuration and exit
    -sl,--signal <signal>[=<pid>]    Signal a running nats-server (ldm, stop, quit, term, reopen, reload)
                                     <pid> is a process id (e.g. 1) or the path of a pid file (e.g. /var/run/nats-server.pid)
        --client_advertise <string>  Client address told to other servers
        --ports_file_dir <dir>       Write a ports file into this directory (<executable_name>_<pid>.ports)

Logging Options:
    -l, --log <file>                 Log to this file
    -T, --logtime                    Time in log lines (default: true)
        --logtime_utc                That time in UTC instead of local time (default: false)
    -s, --syslog                     Log to syslog or the Windows event log
    -r, --remote_syslog <addr>       Log to a syslog server (udp://localhost:514)
    -D, --debug                      Debug output
    -V, --trace                      Trace the protocol
    -VV                              Trace the protocol, system account included
    -DV                              Debug and trace
    -DVV                             Debug and trace, system account included
        --log_size_limit <limit>     Rotate the log file at this size (default: auto)
        --max_traced_msg_len <len>   Longest message shown in traces (default: unlimited)

JetStream Options:
    -js, --jetstream                 Enable JetStream
    -sd, --store_dir <dir>           Storage directory

Authorization Options:
        --user <user>                User clients must give
        --pass <password>            Password clients must give
        --auth <token>               Token clients must give

TLS Options:
        --tls                        Enable TLS without client certificates (default: false)
        --tlscert <file>             Server certificate
        --tlskey <file>              Its private key
        --tlsverify                  Enable TLS and verify client certificates
        --tlscacert <file>           Authorities that client certificates are verified with

Cluster Options:
        --routes <rurl-1, rurl-2>    Routes to dial
        --cluster <cluster-url>      Address to accept routes on
        --cluster_name <string>      Cluster name (default: auto)
        --no_advertise <bool>        Do not tell clients about other servers
        --cluster_advertise <string> Route address told to other servers
        --connect_retries <number>   Attempts for routes learned from other servers
        --cluster_listen <url>       Same as --cluster

Profiling Options:
        --profile <port>             Port for profiling over HTTP

Common Options:
    -h, --help                       Show this text
    -v, --version                    Show the version
        --help_tls                   Show help for TLS
";

const TLS_SAMPLE: &str = r#"The tls section of the configuration file sets TLS up.

e.g.

    tls {
        cert_file:      "./certs/server-cert.pem"
        key_file:       "./certs/server-key.pem"
        ca_file:        "./certs/ca.pem"
        verify:         true
        verify_and_map: true

        cipher_suites: [
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
        ]
        curve_preferences: [
            "CurveP256",
            "CurveP384",
            "CurveP521"
        ]
    }
"#;

const OCSP_SAMPLE: &str = r#"
Certificates of clients, leaf nodes and leaf hubs can be checked by OCSP:

    tls {
        ...
        # required, except for leaf node remotes
        verify: true
        ...
        # with the defaults
        ocsp_peer: true

        # with all options
        ocsp_peer {
           # check certificates (default false)
           verify: true

           # seconds to wait for a responder, may have a fraction (default 2)
           ca_timeout: 2

           # seconds the clocks may differ, may have a fraction (default 30)
           allowed_clockskew: 30

           # only warn (default false)
           warn_only: false

           # a certificate unknown to the responder is good (default false)
           unknown_is_good: false

           # no answer and no known revocation: only warn (default false)
           allow_when_ca_unreachable: false

           # seconds an answer without NextUpdate is kept (default 3600)
           cache_ttl_when_next_update_unset: 3600
        }
        ...
    }

Routes and gateways use the 'ocsp' option instead.

Answers can be kept, at the top level of the configuration file:

    ...
    # with the defaults
    ocsp_cache: true

    # with all options
    ocsp_cache {

        # none or local (default local)
        type: local

        # directory of the cache (default _rc_ in the current directory)
        local_store: "_rc_"

        # a revocation is never replaced (default false)
        preserve_revoked: false

        # seconds between writes, at least 1 (default 300)
        save_interval: 300
    }
    ...

It has no effect unless some tls section checks by OCSP. Staples of the server's own certificate are kept by the 'ocsp' option.
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_flag() {
        let help = help();
        assert!(help.starts_with("\nUsage: nats-server [options]\n\nServer Options:\n"));
        assert!(help.ends_with("\n\n"));
        for (name, _) in super::super::set::FLAGS {
            let dashes = if name.len() > 3 { "--" } else { "-" };
            assert!(help.contains(&format!("{dashes}{name}")), "{name}");
        }
    }
}
