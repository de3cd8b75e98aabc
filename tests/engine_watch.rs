//! What is told of a request under way: how far it is, what its chains look like, what was foretold.

#![cfg(test)]

#[expect(dead_code, reason = "every test binary uses its own part")]
mod common;

use common::{asked, bits, collected, ready, request, roomy, two_bumps, work};
use serde_json::json;
use smld::engine::{Headway, RawSampleRequest, engine};
use smld::sampler::{Noise, Purpose};
use smld::score::Rows;
use std::sync::Arc;

#[test]
fn the_way_of_a_request_is_seen_from_its_first_evaluation_to_its_last() {
    let model = ready(two_bumps(2), 1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let ticket = engine.submit(&request(&model, 10, 2)).unwrap();
    let watch = ticket.watch();
    let mut seen = vec![watch.look()];
    while workers[0].step() {
        seen.push(watch.look());
    }
    let headway = |evaluations, begun, ended| Some(Headway { evaluations, begun, ended });
    // Two batches of eight of the twenty rows, then four: the lowest chains first.
    assert_eq!(seen, [headway(0, 0, 0), headway(8, 8, 0), headway(16, 8, 8), headway(18, 10, 8), None]);
    assert_eq!(collected(ticket).samples.len(), 10);
}

#[test]
fn chains_are_shown_as_their_denoised_means_for_each_time_of_asking() {
    let model = ready(two_bumps(3), 1);
    let preview = serde_json::from_value(json!({ "images": 2 })).unwrap();
    let sampler = serde_json::from_value(json!({ "method": "ancestral", "steps": 6 })).unwrap();
    let raw = RawSampleRequest { n: Some(4), first_index: Some(7), seed: Some(3), ..RawSampleRequest::default() };
    let request = asked(&model, &RawSampleRequest { preview: Some(preview), sampler: Some(sampler), ..raw });
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let ticket = engine.submit(&request).unwrap();
    let previews = ticket.previews().unwrap();
    assert!(workers[0].step());
    assert_eq!(previews.ask(), [], "nothing is shown before it is asked for");

    assert!(workers[0].step() && workers[0].step());
    let shown = previews.ask();
    assert_eq!(shown.iter().map(|preview| (preview.index, preview.evaluation)).collect::<Vec<_>>(), [(7, 2), (8, 2)]);
    let mut session = model.open(1).unwrap();
    for preview in shown {
        let (noise, sampler) = (Noise::new(3, preview.index, Purpose::Sampling), request.sampler());
        let (mut x, mut score, mut memory) = (vec![0.0; 3], vec![0.0; 3], Vec::new());
        sampler.init(&noise, &mut x);
        session.evaluate(Rows { x: &x, sigma: &[sampler.sigma(0)], label: &[-1] }, &mut score).unwrap();
        sampler.advance(0, &noise, &mut x, &mut memory, &score);
        let sigma = sampler.sigma(1);
        session.evaluate(Rows { x: &x, sigma: &[sigma], label: &[-1] }, &mut score).unwrap();
        let denoised: Vec<f32> = x.iter().zip(&score).map(|(x, score)| x + sigma * sigma * score).collect();
        assert_eq!((preview.sigma, bits(&preview.denoised)), (sigma, bits(&denoised)));
    }
    work(&mut workers);
    assert_eq!(collected(ticket).samples.len(), 4);
}

#[test]
fn who_did_not_ask_for_previews_has_none() {
    let model = ready(two_bumps(2), 1);
    let (engine, _workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    assert!(engine.submit(&request(&model, 1, 1)).unwrap().previews().is_none());
}

#[test]
fn what_is_foretold_of_a_request_is_longer_beside_others_and_takes_nothing_in() {
    let model = ready(two_bumps(2), 1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let newcomer = request(&model, 8, 100);
    let unmeasured = engine.foretell(&newcomer).unwrap();
    assert_eq!((unmeasured.seconds, unmeasured.wait()), (None, None));
    let first = engine.submit(&newcomer).unwrap();
    work(&mut workers);
    drop(first);
    let alone = engine.foretell(&newcomer).unwrap();
    assert!(alone.seconds == alone.alone && alone.wait() == Some(0.0), "{alone:?}");
    let others = engine.submit(&request(&model, 64, 1000)).unwrap();
    let beside = engine.foretell(&newcomer).unwrap();
    assert!(beside.alone == alone.alone && beside.wait().unwrap() > 0.0, "{beside:?}");
    assert_eq!(engine.snapshot().chains_waiting, 64);
    assert_eq!(others.forecast().alone, others.forecast().seconds);
}
