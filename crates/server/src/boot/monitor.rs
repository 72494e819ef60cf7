//! Starting the monitoring port (monitoring-events.md 2.1).

use std::sync::Arc;

use midge_config::options::TlsOptions;

use super::node::Node;
use crate::acceptor::{host_port, listen, port_number};
use crate::monitor::{Monitor, MonitorServer, Source, TlsSource};
use crate::process::Listener;
use crate::tls_config;

impl Node {
    /// Starts the monitoring port if one is configured.
    ///
    /// # Errors
    /// The fatal text of the peer.
    pub(super) fn start_monitor(self: &Arc<Self>) -> Result<Option<Listener>, String> {
        let options = self.options();
        let (http, https) = (options.http_port, options.https_port);
        if http != 0 && https != 0 {
            return Err(format!(
                "Can't start monitoring: can't specify both HTTP ({http}) and HTTPs ({https}) ports"
            ));
        }
        if http == 0 && https == 0 {
            return Ok(None);
        }
        let secure = https != 0;
        let tls = match (&options.tls, secure) {
            (_, false) => None,
            (Some(tls), true) => Some(self.monitor_tls(tls)?),
            (None, true) => {
                return Err("Can't start monitoring: TLS cert and key required for HTTPS".into());
            }
        };
        let wanted = if secure { https } else { http };
        let host = if options.http_host.is_empty() {
            &options.host
        } else {
            &options.http_host
        };
        let failed = |error: String| {
            format!("Can't start monitoring: can't listen to the monitor port: {error}")
        };
        let wanted = port_number(wanted).map_err(failed)?;
        let listener = listen(host, wanted).map_err(failed)?;
        let address = listener
            .local_addr()
            .map_err(|error| failed(error.to_string()))?;
        let log = self.server().shared().log.clone();
        let scheme = if secure { "https" } else { "http" };
        log.info(format_args!(
            "Starting {scheme} monitor on {}",
            host_port(host, address.port())
        ));
        let source: Arc<dyn Source> = Arc::clone(self) as Arc<dyn Source>;
        let handler = Arc::new(Monitor::new(source, &options.http_base_path, log.clone()));
        let server = MonitorServer::start(listener, tls, handler, log)
            .map_err(|error| failed(error.to_string()))?;
        self.set_monitor(server);
        self.start_meter();
        Ok(Some(Listener {
            address,
            tls: secure,
        }))
    }

    /// TLS of the monitoring port: the client port's certificate, never asking
    /// for one of the browser.
    fn monitor_tls(self: &Arc<Self>, tls: &TlsOptions) -> Result<TlsSource, String> {
        let without_verify = |tls: &TlsOptions| TlsOptions {
            verify: false,
            verify_and_map: false,
            ..tls.clone()
        };
        let first =
            tls_config::server_config(&without_verify(tls)).map_err(|error| error.to_string())?;
        let kept = parking_lot::Mutex::new((self.options(), first));
        let node = Arc::downgrade(self);
        Ok(Arc::new(move || {
            let mut kept = kept.lock();
            // Made anew when a reload has changed the options.
            if let Some(node) = node.upgrade() {
                let options = node.options();
                if !Arc::ptr_eq(&options, &kept.0)
                    && let Some(tls) = &options.tls
                    && let Ok(config) = tls_config::server_config(&without_verify(tls))
                {
                    *kept = (options, config);
                }
            }
            kept.1.clone()
        }))
    }
}
