//! Graphs that go on until Ctrl-C.

use std::io::{Write, stdout};
use std::thread;
use std::time::Duration;

use crate::bail;
use crate::failure::Result;
use crate::interrupt::on_interrupt;
use crate::output::graph::Graph;
use crate::output::terminal;

/// Time between two points.
const INTERVAL: Duration = Duration::from_secs(1);
/// Smallest terminal that graphs can be read on.
const MIN_COLUMNS: usize = 20;
const MIN_ROWS_EACH: usize = 5;
/// Rows of a graph that are not its line: caption, empty line, border.
const ROWS_AROUND: usize = 3;

/// Draws graphs below a title each second; `sample` gives a point for each.
pub fn graphs(
    title: &str,
    captions: &[&str],
    mut sample: impl FnMut() -> Result<Vec<f64>>,
) -> Result<()> {
    let (columns, rows) = terminal::required_size()?;
    if columns < MIN_COLUMNS || rows < captions.len() * MIN_ROWS_EACH {
        bail!("please increase terminal dimensions");
    }
    on_interrupt(|| {
        terminal::clear_screen();
        // The program ends here whether or not the screen could be cleared.
        let _ = stdout().flush();
        0
    })?;
    let mut graphs: Vec<Graph> = captions.iter().map(|caption| Graph::new(caption)).collect();
    loop {
        for (graph, point) in graphs.iter_mut().zip(sample()?) {
            graph.push(point);
        }
        let (columns, rows) = terminal::required_size()?;
        let height = (rows.saturating_sub(2) / graphs.len().max(1))
            .saturating_sub(ROWS_AROUND)
            .max(1);
        let mut text = format!("{title}\n\n");
        for graph in &graphs {
            text.push_str(&graph.render(columns.saturating_sub(1), height));
            text.push_str("\n\n");
        }
        terminal::clear_screen();
        print!("{}", text.trim_end());
        stdout().flush()?;
        thread::sleep(INTERVAL);
    }
}
