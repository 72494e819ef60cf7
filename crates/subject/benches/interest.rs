//! Time and memory of the interest table with 200,000 subscriptions:
//! `cargo bench -p midge-subject`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use midge_subject::interest::{Generations, InterestTable};
use midge_subject::{SubjectArc, matches};

/// Counts the bytes in use, rounded up as a size-class allocator does.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

fn rounded(size: usize) -> usize {
    size.next_multiple_of(16)
}

// SAFETY: hands everything to the system's allocator; the counter has no
// influence on what is returned.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(rounded(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(rounded(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's promise about `place` and `layout` is passed on.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SUBSCRIPTIONS: u32 = 200_000;
const LOOKUPS: usize = 500_000;
const ROUNDS: usize = 10;

/// As large as the server's.
type Target = [u32; 3];

/// A small generator, so that look-ups are random but always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (((self.0 >> 32) * u64::from(bound)) >> 32) as u32
    }
}

struct Measured {
    table: InterestTable<Target>,
}

impl Measured {
    fn build(name: &str, subject: impl Fn(u32) -> String) -> Self {
        let before = IN_USE.load(Ordering::Relaxed);
        let mut table = InterestTable::new();
        let start = Instant::now();
        for n in 0..SUBSCRIPTIONS {
            table.insert(&SubjectArc::new(subject(n).as_bytes()), [n, 0, 0]);
        }
        let took = start.elapsed().as_nanos() / u128::from(SUBSCRIPTIONS);
        let used = IN_USE.load(Ordering::Relaxed) - before;
        let each = used as f64 / f64::from(SUBSCRIPTIONS);
        println!("{name:<42} insert {took:>5} ns, {each:>6.1} B each with the subject");
        Self { table }
    }

    fn look_up(&self, name: &str, subject: impl Fn(u32) -> String) {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut subjects = Vec::new();
        let mut ends = Vec::new();
        for _ in 0..LOOKUPS {
            subjects.extend_from_slice(subject(random.below(SUBSCRIPTIONS)).as_bytes());
            ends.push(subjects.len());
        }
        // The best of some rounds: other work on the machine only adds.
        let mut best = f64::INFINITY;
        let mut found = 0usize;
        for _ in 0..ROUNDS {
            found = 0;
            let mut start_of = 0;
            let start = Instant::now();
            for &end in &ends {
                self.table
                    .for_each_match(black_box(&subjects[start_of..end]), |_| found += 1);
                start_of = end;
            }
            best = best.min(start.elapsed().as_nanos() as f64 / LOOKUPS as f64);
        }
        println!("{name:<42} {best:>7.1} ns, {found} found");
    }

    fn remove_all(mut self, name: &str, subject: impl Fn(u32) -> String) {
        let start = Instant::now();
        for n in 0..SUBSCRIPTIONS {
            assert!(self.table.remove(subject(n).as_bytes(), [n, 0, 0]));
        }
        let took = start.elapsed().as_nanos() / u128::from(SUBSCRIPTIONS);
        println!("{name:<42} remove {took:>5} ns");
    }
}

fn main() {
    let literal = |n: u32| format!("bench.{n}.data");
    let mut literals = Measured::build("literals `bench.<n>.data`", literal);
    literals.look_up("  hit, no wildcards", literal);
    literals.look_up("  miss, no wildcards", |n| format!("bench.{n}.none"));
    literals.table.insert(&SubjectArc::new(b"other.*"), [0; 3]);
    literals.look_up("  hit, wildcards elsewhere", literal);
    literals
        .table
        .insert(&SubjectArc::new(b"bench.*.data"), [0; 3]);
    literals.table.insert(&SubjectArc::new(b"bench.>"), [0; 3]);
    literals.look_up("  hit, and two wildcards", literal);
    literals.remove_all("", literal);

    let last = |n: u32| format!("a.{n}.*");
    let wildcards = Measured::build("wildcards `a.<n>.*`", last);
    wildcards.look_up("  hit", |n| format!("a.{n}.data"));
    wildcards.look_up("  miss", |n| format!("a.{n}.data.more"));
    wildcards.look_up("  other first token", |n| format!("b.{n}.data"));
    wildcards.remove_all("", last);

    let pair = |n: u32| {
        let id = n / 2;
        if n.is_multiple_of(2) {
            format!("dev.{id}.*.cmd")
        } else {
            format!("dev.{id}.status.>")
        }
    };
    let pairs = Measured::build("pairs `dev.<n>.*.cmd`, `dev.<n>.status.>`", pair);
    pairs.look_up("  hit", |n| format!("dev.{}.status.cmd", n / 2));
    pairs.remove_all("", pair);

    let many = Measured::build("one subject", |_| "one".to_owned());
    many.remove_all("", |_| "one".to_owned());

    let generations = Generations::default();
    let start = Instant::now();
    for _ in 0..LOOKUPS {
        black_box(generations.stamp(black_box(b"bench.12345.data")));
    }
    let stamp = start.elapsed().as_nanos() as f64 / LOOKUPS as f64;
    let start = Instant::now();
    for _ in 0..LOOKUPS {
        black_box(matches(
            black_box(b"bench.12345.data"),
            black_box(b"bench.*.data"),
        ));
    }
    let matched = start.elapsed().as_nanos() as f64 / LOOKUPS as f64;
    println!("{:<42} {stamp:>7.1} ns", "stamp");
    println!("{:<42} {matched:>7.1} ns", "matches");
}
