//! `/debug/vars` and `/stacksz` (monitoring-events.md 3.12).

use serde::Serialize;

use super::json;

/// Memory under the names tools know. What this server does not have, such as
/// garbage collections, is zero.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names are all there is to say")]
pub struct MemStats {
    pub alloc: u64,
    pub total_alloc: u64,
    pub sys: u64,
    pub lookups: u64,
    pub mallocs: u64,
    pub frees: u64,
    pub heap_alloc: u64,
    pub heap_sys: u64,
    pub heap_idle: u64,
    pub heap_inuse: u64,
    pub heap_released: u64,
    pub heap_objects: u64,
    pub stack_inuse: u64,
    pub stack_sys: u64,
    #[serde(rename = "GCSys")]
    pub gc_sys: u64,
    pub other_sys: u64,
    #[serde(rename = "NextGC")]
    pub next_gc: u64,
    #[serde(rename = "LastGC")]
    pub last_gc: u64,
    pub pause_total_ns: u64,
    #[serde(rename = "NumGC")]
    pub num_gc: u64,
}

impl MemStats {
    /// Figures of a process with `resident` bytes in memory.
    pub fn of(resident: u64) -> Self {
        Self {
            alloc: resident,
            total_alloc: resident,
            sys: resident,
            heap_alloc: resident,
            heap_sys: resident,
            heap_inuse: resident,
            ..Self::default()
        }
    }
}

/// The command line of this process, program included, without its secrets.
pub(crate) fn command_line() -> Vec<String> {
    let arguments: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    midge_config::flags::redacted(&arguments)
}

/// The body of `/debug/vars`: one variable a line.
pub(crate) fn debug_vars(cmdline: &[String], resident: u64) -> Vec<u8> {
    let mut body = b"{\n\"cmdline\": ".to_vec();
    body.extend(json::compact(cmdline));
    body.extend_from_slice(b",\n\"memstats\": ");
    body.extend(json::compact(&MemStats::of(resident)));
    body.extend_from_slice(b"\n}\n");
    body
}

/// The body of `/stacksz`: the threads, with their state and processor time.
pub(crate) fn threads() -> Vec<u8> {
    let mut text = String::new();
    for thread in list_threads() {
        text.push_str(&thread);
        text.push('\n');
    }
    if text.is_empty() {
        text.push_str("threads are not listed on this system\n");
    }
    text.into_bytes()
}

#[cfg(target_os = "linux")]
fn list_threads() -> Vec<String> {
    let Ok(folder) = std::fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    let mut threads: Vec<(u32, String)> = folder
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let id: u32 = path.file_name()?.to_str()?.parse().ok()?;
            // The thread may be gone by now.
            let stat = std::fs::read_to_string(path.join("stat")).ok()?;
            Some((id, describe(&stat)?))
        })
        .collect();
    threads.sort();
    threads
        .into_iter()
        .map(|(id, text)| format!("thread {id} {text}"))
        .collect()
}

#[cfg(not(target_os = "linux"))]
fn list_threads() -> Vec<String> {
    Vec::new()
}

/// Name, state and processor time out of a `stat` file. Its second field is
/// the name in parentheses, which may hold anything.
#[cfg(target_os = "linux")]
fn describe(stat: &str) -> Option<String> {
    let (head, rest) = stat.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let state = match *fields.first()? {
        "R" => "running",
        "S" => "sleeping",
        "D" => "waiting for the disk",
        "T" | "t" => "stopped",
        "Z" | "X" => "ended",
        other => other,
    };
    let user: u64 = fields.get(11)?.parse().ok()?;
    let system: u64 = fields.get(12)?.parse().ok()?;
    Some(format!(
        "[{state}]: {name}\n\tuser {user} system {system} clock ticks\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_vars_has_both_keys_and_the_names_tools_read() {
        let value: serde_json::Value =
            serde_json::from_slice(&debug_vars(&["a".into(), "-c".into()], 7)).unwrap();
        assert_eq!(value["cmdline"], serde_json::json!(["a", "-c"]));
        for name in [
            "Alloc",
            "TotalAlloc",
            "Sys",
            "Mallocs",
            "Frees",
            "HeapAlloc",
            "HeapSys",
            "HeapIdle",
            "HeapInuse",
            "HeapReleased",
            "HeapObjects",
            "StackInuse",
            "NumGC",
            "PauseTotalNs",
        ] {
            assert!(value["memstats"][name].is_u64(), "{name}");
        }
        assert_eq!(value["memstats"]["Sys"], 7);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn threads_are_listed() {
        let text = String::from_utf8(threads()).unwrap();
        assert!(text.starts_with("thread "), "{text}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_may_have_any_name() {
        let stat = "7 (a) R (b)) S 1 2 3 4 5 6 7 8 9 10 11 12 13";
        assert_eq!(
            describe(stat).unwrap(),
            "[sleeping]: a) R (b)\n\tuser 11 system 12 clock ticks\n"
        );
    }
}
