//! The program `nats-server`.

fn main() {
    midge_server::process::allocator::settle();
    let args: Vec<String> = std::env::args().skip(1).collect();
    std::process::exit(midge_server::boot::run(&args));
}
