//! The suite for async-nats.

mod checks;
mod harness;
mod jetstream;

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(harness::run(checks::all()));
    // Reading standard input may still block a thread.
    runtime.shutdown_background();
    Ok(())
}
