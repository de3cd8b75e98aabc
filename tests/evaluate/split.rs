//! Which rows are trained on and which are held out.

use crate::support::{halves, write_halves, write_npy};
use smld::train::data::Options;
use smld::train::split::{Split, Subset};

fn levels(rows: &Subset<'_>) -> Vec<Vec<u8>> {
    let values = rows.values(0..rows.count());
    let mut rows: Vec<Vec<u8>> =
        values.chunks(64).map(|row| row.iter().map(|x| (x * 255.0).round() as u8).collect()).collect();
    rows.sort();
    rows
}

fn sorted(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut rows: Vec<Vec<u8>> = bytes.chunks(64).map(<[u8]>::to_vec).collect();
    rows.sort();
    rows
}

#[test]
fn of_a_folder_with_test_files_those_are_held_out() {
    let folder = tempfile::tempdir().unwrap();
    write_halves(folder.path(), "train", 0, 40);
    write_halves(folder.path(), "t10k", 1, 10);
    let split = Split::open(folder.path(), &Options::default()).unwrap();
    let [training, held_out] = split.subsets(None);
    assert_eq!(levels(&training), sorted(&halves(0, 40)));
    assert_eq!(levels(&held_out), sorted(&halves(1, 10)));
    assert_eq!(training.values(0..7), training.first(7).values(0..7));

    let [training, held_out] = split.subsets(Some(1));
    assert_eq!((training.labels(0..20), held_out.labels(0..5)), (vec![1; 20], vec![1; 5]));
    assert_eq!((training.count(), held_out.count()), (20, 5));
}

#[test]
fn of_one_data_set_a_fifth_is_held_out_and_every_row_is_in_one_part() {
    let folder = tempfile::tempdir().unwrap();
    let points: Vec<f32> = (0..103).map(|i| i as f32).collect();
    write_npy(&folder.path().join("points.npy"), "(103, 1)", &points);
    let split = Split::open(&folder.path().join("points.npy"), &Options::default()).unwrap();
    let [training, held_out] = split.subsets(None).map(|rows| rows.values(0..rows.count()));
    assert_eq!((training.len(), held_out.len()), (83, 20));
    let mut all = [&training[..], &held_out].concat();
    all.sort_by(f32::total_cmp);
    assert_eq!(all, points);
    assert!(!held_out.is_sorted(), "they are chosen at random");
    assert_eq!(split.subsets(None)[1].values(0..20), held_out, "and always the same");
}

#[test]
fn with_a_class_the_same_rows_are_held_out() {
    let folder = tempfile::tempdir().unwrap();
    write_halves(folder.path(), "train", 0, 103);
    let split = Split::open(folder.path(), &Options::default()).unwrap();
    for (all, of_class) in split.subsets(None).into_iter().zip(split.subsets(Some(1))) {
        let (rows, labels) = (all.values(0..all.count()), all.labels(0..all.count()));
        let wanted: Vec<f32> =
            rows.chunks(64).zip(labels).filter(|row| row.1 == 1).flat_map(|row| row.0.to_vec()).collect();
        assert_eq!(of_class.values(0..of_class.count()), wanted);
    }
}

#[test]
fn test_rows_of_another_shape_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_halves(folder.path(), "train", 0, 40);
    let test = [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 4], &[0; 16][..]].concat();
    std::fs::write(folder.path().join("t10k-images-idx3-ubyte"), test).unwrap();
    let fault = Split::open(folder.path(), &Options::default()).err().unwrap().to_string();
    assert!(fault.contains("[1, 8, 8]") && fault.contains("[1, 4, 4]"), "{fault}");
}
