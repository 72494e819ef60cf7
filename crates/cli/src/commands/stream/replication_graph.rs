//! The way of messages between streams, for GraphViz.

use std::collections::BTreeMap;

use crate::output::Json;

/// Mirrors and sources of streams as a graph; nothing if there are none.
pub fn replication_graph(streams: &[Json]) -> Option<String> {
    let mut graph = Graph::default();
    for info in streams {
        let config = info.at("config");
        let stream = config.text("name");
        let sources = config.list("sources");
        if !sources.is_empty() {
            graph.node(stream);
        }
        for source in sources {
            let filter = source.text("filter_subject");
            let label = match source.list("subject_transforms") {
                _ if filter.is_empty() => None,
                [] => Some(filter.to_owned()),
                [only] => Some(format!("{} to {}", only.text("src"), only.text("dest"))),
                _ => None,
            };
            graph.edge(source.text("name"), stream, "green", label);
        }
        if config.has("mirror") {
            graph.node(stream);
            let origin = config.text("mirror.name");
            graph.edge(origin, stream, "blue", Some("Mirror".to_owned()));
        }
    }
    (!graph.nodes.is_empty()).then(|| graph.text())
}

/// Streams by name, numbered as they were met, and what goes from each.
#[derive(Default)]
struct Graph {
    nodes: BTreeMap<String, usize>,
    edges: BTreeMap<String, Vec<String>>,
}

impl Graph {
    fn node(&mut self, name: &str) -> usize {
        let next = self.nodes.len() + 1;
        *self.nodes.entry(name.to_owned()).or_insert(next)
    }

    fn edge(&mut self, from: &str, to: &str, color: &str, label: Option<String>) {
        let (source, target) = (self.node(from), self.node(to));
        let label = label.map_or(String::new(), |label| format!(",label={label:?}"));
        self.edges
            .entry(from.to_owned())
            .or_default()
            .push(format!("n{source}->n{target}[color={color:?}{label}];"));
    }

    fn text(&self) -> String {
        let mut lines = vec!["label=\"Stream Replication Structure\";".to_owned()];
        for (name, number) in &self.nodes {
            lines.push(format!("n{number}[label={name:?}];"));
        }
        lines.extend(self.edges.values().flatten().cloned());
        format!("digraph  {{\n\t{}\n\t\n}}\n", lines.join("\n\t"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_point_at_their_streams() {
        let streams: Vec<Json> = [
            r#"{"config":{"name":"B","mirror":{"name":"A"}}}"#,
            r#"{"config":{"name":"C","sources":[{"name":"A","filter_subject":"x"},{"name":"D"}]}}"#,
        ]
        .iter()
        .map(|text| Json::parse(text.as_bytes()).unwrap())
        .collect();
        assert_eq!(
            replication_graph(&streams).unwrap(),
            "digraph  {
\tlabel=\"Stream Replication Structure\";
\tn2[label=\"A\"];
\tn1[label=\"B\"];
\tn3[label=\"C\"];
\tn4[label=\"D\"];
\tn2->n1[color=\"blue\",label=\"Mirror\"];
\tn2->n3[color=\"green\",label=\"x\"];
\tn4->n3[color=\"green\"];
\t
}
"
        );
        assert_eq!(replication_graph(&[]), None);
    }
}
