//! What classifiers say, counted.

use smld::train::evaluate::classes::{Classes, Guess, guess, same_order};

#[test]
fn a_guess_is_the_largest_logit_with_its_probability() {
    let Guess { class, confidence } = guess(&[1000.0, 1000.0 + 3.0_f32.ln(), f32::MIN]);
    assert_eq!(class, 1);
    // The logits are float32: 1000 + ln 3 is rounded by up to 3·10⁻⁵.
    assert!((confidence - 0.75).abs() < 1e-5, "{confidence}");
}

#[test]
fn the_share_taken_as_asked_is_of_those_that_were_asked_for_by_class() {
    let guesses = [(0, 0.5), (1, 1.0), (1, 0.75), (2, 0.75)].map(|(class, confidence)| Guess { class, confidence });
    let found = Classes::new(&guesses, &[0, -1, 0, 2], 4);
    assert_eq!(found, Classes { counts: vec![1, 2, 1, 0], confidence: 0.75, as_asked: Some(2.0 / 3.0) });
    assert_eq!(Classes::new(&guesses, &[-1; 4], 4).as_asked, None);
}

#[test]
fn the_same_classes_must_be_in_the_same_order_and_others_may_be_named_otherwise() {
    let check = |known: &[&str], data: &[&str]| {
        let [known, data] = [known, data].map(|names| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        same_order("the model 'pets'", &known, &data).map_err(|fault| fault.to_string())
    };
    assert_eq!(check(&["dog", "cat"], &["dog", "cat"]), Ok(()));
    assert_eq!(check(&["dress", "coat"], &["0", "1"]), Ok(()));
    assert_eq!(check(&[], &["cat", "dog"]), Ok(()));
    let told = check(&["dog", "cat"], &["cat", "dog"]).unwrap_err();
    assert!(told.contains("the model 'pets'") && told.contains("give --classes 'dog,cat'"), "{told}");
}
