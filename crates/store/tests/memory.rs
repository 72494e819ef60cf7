//! The memory store against a naive model.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod model;

use midge_store::{MemoryStore, StreamOptions, StreamStore};
use model::{Model, Shape};

#[test]
fn the_memory_store_behaves_like_the_model() {
    for seed in 0..30 {
        let mut random = fastrand::Rng::with_seed(seed);
        let shape = Shape {
            subjects: [1, 3, 40, 400][random.usize(..4)],
            payload: 60,
            limits: true,
        };
        let mut store = MemoryStore::new(StreamOptions::default());
        let mut model = Model::default();
        for round in 0..600 {
            model::change(&mut store, &mut model, &mut random, shape);
            if round % 3 == 0 {
                model::check(&mut store, &model, &mut random, shape);
            }
        }
        model::check_all(&mut store, &model);
    }
}

#[test]
fn large_memory_streams_are_searched_across_blocks() {
    let mut random = fastrand::Rng::with_seed(1);
    let shape = Shape {
        subjects: 3_000,
        payload: 3_000,
        limits: true,
    };
    let mut store = MemoryStore::new(StreamOptions::default());
    let mut model = Model::default();
    for round in 0..6_000 {
        model::change(&mut store, &mut model, &mut random, shape);
        if round % 300 == 0 {
            model::check(&mut store, &model, &mut random, shape);
        }
    }
    model::check_all(&mut store, &model);
    assert!(store.state().messages > 0);
}
