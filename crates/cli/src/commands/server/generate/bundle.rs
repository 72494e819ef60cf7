//! Bundles.

use std::fs;
use std::path::Path;

use super::form::Form;
use crate::failure::Result;
use crate::format::io_error_at;
use crate::output::yaml;
use crate::{bail, fail};

/// Largest file of a bundle, in bytes; configurations are some KiB.
const MAX_BYTES: u64 = 1 << 20;
/// Most files of a bundle, and most bundles of a directory.
const MAX_FILES: usize = 1_000;
/// Deepest directory below `scaffold/`.
const MAX_DEPTH: usize = 16;

/// Questions and templates.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// One sentence about it.
    pub description: String,
    /// Whether an operator of `nats auth` is needed.
    pub needs_operator: bool,
    /// What is said at the end, as a template.
    pub closing: String,
    /// The questions.
    pub form: Form,
    /// Paths below the target, and their templates. What comes out blank is
    /// not written.
    pub files: Vec<(String, String)>,
}

/// A bundle that is built in: the two texts about it, and its files.
type BuiltIn = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const BUILT_IN: [BuiltIn; 4] = [
    (
        include_str!("bundles/compose/bundle.yaml"),
        include_str!("bundles/compose/form.yaml"),
        &[
            (
                "cluster.conf",
                include_str!("bundles/compose/scaffold/cluster.conf"),
            ),
            (
                "docker-compose.yaml",
                include_str!("bundles/compose/scaffold/docker-compose.yaml"),
            ),
        ],
    ),
    (
        include_str!("bundles/leafnode/bundle.yaml"),
        include_str!("bundles/leafnode/form.yaml"),
        &[(
            "leafnode.conf",
            include_str!("bundles/leafnode/scaffold/leafnode.conf"),
        )],
    ),
    (
        include_str!("bundles/operator/bundle.yaml"),
        include_str!("bundles/operator/form.yaml"),
        &[(
            "server.conf",
            include_str!("bundles/operator/scaffold/server.conf"),
        )],
    ),
    (
        include_str!("bundles/kubernetes/bundle.yaml"),
        include_str!("bundles/kubernetes/form.yaml"),
        &[(
            "values.yaml",
            include_str!("bundles/kubernetes/scaffold/values.yaml"),
        )],
    ),
];

/// The bundles that are built in.
pub fn built_in() -> Result<Vec<Bundle>> {
    BUILT_IN
        .iter()
        .map(|(about, form, files)| {
            let files = files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
            parse(about, form, files.collect())
        })
        .collect()
}

fn parse(about: &str, form: &str, files: Vec<(String, String)>) -> Result<Bundle> {
    let about = yaml::parse(about).map_err(|failure| failure.context("bundle.yaml"))?;
    let form = yaml::parse(form).map_err(|failure| failure.context("form.yaml"))?;
    if !about.text("pre_scaffold").is_empty() {
        bail!("bundle.yaml: pre_scaffold is not understood by this tool");
    }
    Ok(Bundle {
        description: about.text("description").trim().to_owned(),
        needs_operator: about.on("requires.operator"),
        closing: about.text("post_scaffold").to_owned(),
        form: Form::parse(&form).map_err(|failure| failure.context("form.yaml"))?,
        files,
    })
}

/// The bundle in a directory, or those in the directories below it.
pub fn of_directory(source: &str) -> Result<Vec<Bundle>> {
    if source.contains("://") {
        bail!(
            "bundles are not fetched from {source:?}: unpack it and name its directory by --source"
        );
    }
    let root = Path::new(source);
    if root.join("bundle.yaml").is_file() {
        return Ok(vec![load(root)?]);
    }
    let mut bundles = Vec::new();
    for path in entries(root)? {
        if path.join("bundle.yaml").is_file() {
            bundles.push(load(&path)?);
        }
    }
    if bundles.is_empty() {
        bail!("{source} has no bundle.yaml, nor has a directory in it");
    }
    Ok(bundles)
}

fn load(root: &Path) -> Result<Bundle> {
    let mut files = Vec::new();
    collect(&root.join("scaffold"), "", 0, &mut files)?;
    if files.is_empty() {
        bail!("{} has no files below scaffold", root.display());
    }
    parse(
        &read(&root.join("bundle.yaml"))?,
        &read(&root.join("form.yaml"))?,
        files,
    )
    .map_err(|failure| failure.context(root.display()))
}

/// Paths of what is in a directory, sorted.
fn entries(directory: &Path) -> Result<Vec<std::path::PathBuf>> {
    let wrong = |error| fail!("{}", io_error_at("open", directory.display(), &error));
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(wrong)? {
        if paths.len() == MAX_FILES {
            bail!("{} has more than {MAX_FILES} entries", directory.display());
        }
        paths.push(entry.map_err(wrong)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn collect(
    directory: &Path,
    below: &str,
    depth: usize,
    files: &mut Vec<(String, String)>,
) -> Result<()> {
    if depth > MAX_DEPTH {
        bail!("{} is too deep", directory.display());
    }
    for path in entries(directory)? {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| fail!("{} is no valid name", path.display()))?
            .to_owned();
        // Parts that templates of the original include.
        if name.starts_with('_') {
            bail!(
                "{}: templates that are parts of others are not understood by this tool",
                path.display()
            );
        }
        let below = format!("{below}{name}");
        if path.is_dir() {
            collect(&path, &format!("{below}/"), depth + 1, files)?;
        } else {
            if files.len() == MAX_FILES {
                bail!("the bundle has more than {MAX_FILES} files");
            }
            files.push((below, read(&path)?));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    let wrong = |error| fail!("{}", io_error_at("open", path.display(), &error));
    if fs::metadata(path).map_err(wrong)?.len() > MAX_BYTES {
        bail!("{} is larger than {MAX_BYTES} bytes", path.display());
    }
    fs::read_to_string(path).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::super::render::render;
    use super::*;
    use crate::output::Json;

    /// The files of a bundle with answers.
    fn rendered(number: usize, answers: &str) -> Vec<String> {
        let bundles = built_in().unwrap();
        let answers = Json::parse(answers.as_bytes()).unwrap();
        let bundle = &bundles[number];
        render("end", &bundle.closing, &answers).unwrap();
        bundle
            .files
            .iter()
            .map(|(path, text)| render(path, text, &answers).unwrap())
            .collect()
    }

    #[test]
    fn clusters_for_docker_have_a_service_for_each_server() {
        let files = rendered(
            0,
            r#"{"clusters":2,"members":3,"port":5000,"image":"nats:2","password":"p","jetstream":true,"_target":"t"}"#,
        );
        assert!(
            files[0].contains("urls: [ \"nats://n1.c2:7222\" ]"),
            "{}",
            files[0]
        );
        let compose = yaml::parse(&files[1]).unwrap();
        let services = compose.entries("services");
        assert_eq!(services.len(), 6);
        let (name, last) = &services[5];
        assert_eq!(name, "n3.c2");
        assert_eq!(last.texts("ports"), ["5005:4222"]);
        assert_eq!(
            last.text("environment.ROUTES"),
            "nats://n1.c2:6222, nats://n2.c2:6222, nats://n3.c2:6222"
        );
        assert_eq!(last.list("volumes").len(), 2);
        assert_eq!(compose.entries("volumes").len(), 6);
        let files = rendered(
            0,
            r#"{"clusters":1,"members":1,"port":5000,"image":"nats:2","password":"p","jetstream":false,"_target":"t"}"#,
        );
        assert!(!files[0].contains("gateway") && !files[0].contains("jetstream"));
        let compose = yaml::parse(&files[1]).unwrap();
        assert_eq!(compose.entries("services").len(), 1);
        assert!(!compose.has("volumes"));
    }

    #[test]
    fn values_for_kubernetes_name_the_operator() {
        let files = rendered(
            3,
            r#"{"replicas":3,"jetstream":{"storage":"5Gi"},"resolver":{"allow_delete":true,"limit":7},
            "_operator":{"name":"OP","jwt":"O.J.W","system_account":"AS","system_account_jwt":"S.J.W"},"_target":"t"}"#,
        );
        let values = yaml::parse(&files[0]).unwrap();
        assert_eq!(values.int("config.cluster.replicas"), 3);
        assert_eq!(values.text("config.jetstream.fileStore.pvc.size"), "5Gi");
        assert_eq!(values.int("config.resolver.merge.limit"), 7);
        assert_eq!(values.text("config.merge.operator"), "O.J.W");
        assert_eq!(values.text("config.merge.resolver_preload.AS"), "S.J.W");
    }
}
