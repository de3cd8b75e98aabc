//! Each kind gives its rows, labels and names.

use crate::files::{Folder, cifar, colour, grey, gz, idx, labels, levels, noisy, npy, open, row};
use image::{Rgba, RgbaImage};
use smld::sampler::{Noise, Purpose};
use smld::score::density::{NAMES, by_name};
use smld::train::data::{Channels, Dataset, Options};
use std::fs;
use std::path::Path;

#[test]
fn an_idx_file_gives_its_images_and_the_labels_beside_it() {
    let folder = Folder::new();
    let images =
        folder.write("train-images-idx3-ubyte", idx(&[2, 2, 3], &[0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6]));
    folder.write("train-labels-idx1-ubyte", idx(&[2], &[7, 0]));
    let data = open(images);
    assert_eq!((data.len(), data.shape(), data.range()), (2, &[1, 2, 3][..], [0.0, 1.0]));
    assert_eq!(row(&data, 0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
    assert_eq!(levels(&data, 1), [1, 2, 3, 4, 5, 6]);
    assert_eq!(labels(&data), [7, 0]);
    assert_eq!(data.classes(), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

#[test]
fn an_idx_file_without_labels_has_no_classes() {
    let folder = Folder::new();
    let data = open(folder.write("faces.idx", idx(&[2, 1, 2], &[1, 2, 3, 4])));
    assert_eq!(labels(&data), [-1, -1]);
    assert!(data.classes().is_empty());
}

#[test]
fn an_idx_file_of_four_axes_has_channels() {
    let folder = Folder::new();
    let data = open(folder.write("images", idx(&[1, 3, 1, 2], &[1, 2, 3, 4, 5, 6])));
    assert_eq!(data.shape(), [3, 1, 2]);
    assert_eq!(levels(&data, 0), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_folder_with_the_names_of_mnist_is_the_same_data_gzipped_or_not() {
    let (raw, packed) = (Folder::new(), Folder::new());
    let (images, marks) = (idx(&[2, 1, 2], &[9, 8, 7, 6]), idx(&[2], &[1, 2]));
    raw.write("train-images-idx3-ubyte", &images);
    raw.write("train-labels-idx1-ubyte", &marks);
    packed.write("train-images-idx3-ubyte.gz", gz(&images));
    packed.write("train-labels-idx1-ubyte.gz", gz(&marks));
    let (raw, packed) = (open(raw.path("")), open(packed.path("")));
    assert_eq!(labels(&packed), [1, 2]);
    assert_eq!(levels(&packed, 1), [7, 6]);
    assert_eq!(packed.describe()["sha256"], raw.describe()["sha256"]);
}

#[test]
fn a_gzip_file_of_several_members_is_read_to_its_end() {
    let folder = Folder::new();
    let bytes = idx(&[2, 1, 2], &[1, 2, 3, 4]);
    let data = open(folder.write("images.gz", [gz(&bytes[..15]), gz(&bytes[15..])].concat()));
    assert_eq!(levels(&data, 1), [3, 4]);
}

#[test]
fn classes_have_the_names_that_are_given() {
    let folder = Folder::new();
    folder.write("train-images-idx3-ubyte", idx(&[2, 1, 1], &[1, 2]));
    folder.write("train-labels-idx1-ubyte", idx(&[2], &[0, 1]));
    let classes = vec!["top".to_owned(), "trouser".to_owned()];
    let options = Options { classes: Some(classes.clone()), ..Options::default() };
    assert_eq!(Dataset::open(&folder.path(""), &options).unwrap().classes(), classes);
}

#[test]
fn the_description_hashes_rows_and_then_labels() {
    let folder = Folder::new();
    folder.write("set/train-images-idx3-ubyte", idx(&[1, 1, 3], b"abc"));
    let description = open(folder.path("set")).describe();
    let expected = serde_json::json!({
        "name": "set", "kind": "idx", "count": 1, "shape": [1, 1, 3], "classes": [],
        // FIPS 180-2's own example.
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    });
    assert_eq!(description, expected);
    folder.write("set/train-labels-idx1-ubyte", idx(&[1], &[3]));
    assert_ne!(open(folder.path("set")).describe()["sha256"], expected["sha256"]);
}

#[test]
fn mean_and_deviation_are_of_all_values() {
    let folder = Folder::new();
    let bytes = open(folder.write("images", idx(&[2, 1, 2], &[0, 0, 255, 255])));
    assert_eq!(bytes.mean_and_deviation(), (0.5, 0.5));
    let points: Vec<u8> = [1.0_f32, 2.0, 3.0, 6.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let points = open(folder.write("points.npy", npy("<f4", "(2, 2)", &points)));
    assert_eq!(points.mean_and_deviation(), (3.0, 3.5_f64.sqrt()));
}

#[test]
fn deviations_are_of_each_element_about_its_own_mean() {
    let folder = Folder::new();
    let points: Vec<u8> =
        [0.1_f32, 2000.0, 0.1, 2001.0, 0.1, 2002.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let points = open(folder.write("points.npy", npy("<f4", "(3, 2)", &points)));
    assert_eq!(points.deviations(), [0.0, (2.0_f64 / 3.0).sqrt()]);
    let bytes = open(folder.write("images", idx(&[2, 1, 2], &[0, 7, 255, 7])));
    assert_eq!(bytes.deviations(), [0.5, 0.0]);
}

#[test]
fn a_folder_of_cifar_10_is_its_five_training_files() {
    let folder = Folder::new();
    for i in 1..=5 {
        folder.write(&format!("data_batch_{i}.bin"), [cifar(i, [i, 50, 100]), cifar(0, [0; 3])].concat());
    }
    folder.write("test_batch.bin", "not looked at");
    folder.write("batches.meta.txt", "airplane\nautomobile\nbird\ncat\ndeer\ndog\n\n");
    let data = open(folder.path(""));
    assert_eq!((data.len(), data.shape()), (10, &[3, 32, 32][..]));
    assert_eq!(labels(&data), [1, 0, 2, 0, 3, 0, 4, 0, 5, 0]);
    assert_eq!(data.classes(), ["airplane", "automobile", "bird", "cat", "deer", "dog"]);
    assert_eq!(levels(&data, 6), cifar(4, [4, 50, 100])[1..]);
}

#[test]
fn one_file_of_cifar_10_is_a_data_set_too() {
    let folder = Folder::new();
    let data = open(folder.write("data_batch_3.bin", cifar(9, [1, 2, 3])));
    assert_eq!((data.len(), data.label(0), data.classes().len()), (1, 9, 10));
}

#[test]
fn an_array_of_bytes_may_have_its_channels_nowhere_first_or_last() {
    let folder = Folder::new();
    let values = [1, 2, 3, 4, 5, 6];
    let grey = open(folder.write("a.npy", npy("|u1", "(2, 1, 3)", &values)));
    assert_eq!((grey.shape(), levels(&grey, 1)), (&[1, 1, 3][..], vec![4, 5, 6]));
    let first = open(folder.write("b.npy", npy("|u1", "(1, 3, 2, 1)", &values)));
    assert_eq!((first.shape(), levels(&first, 0)), (&[3, 2, 1][..], vec![1, 2, 3, 4, 5, 6]));
    let last = open(folder.write("c.npy", npy("|u1", "(1, 2, 1, 3)", &values)));
    assert_eq!((last.shape(), levels(&last, 0)), (&[3, 2, 1][..], vec![1, 4, 2, 5, 3, 6]));
}

#[test]
fn an_array_of_floats_is_taken_as_it_is_in_either_width_and_byte_order() {
    let folder = Folder::new();
    let single: Vec<u8> = [0.25_f32, 1.0].iter().flat_map(|value| value.to_be_bytes()).collect();
    let double: Vec<u8> = [0.25_f64, 1.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    for (name, descr, values) in [("a.npy", ">f4", single), ("b.npy", "<f8", double)] {
        let data = open(folder.write(name, npy(descr, "(1, 1, 2)", &values)));
        assert_eq!(row(&data, 0), [0.25, 1.0]);
        assert_eq!(data.range(), [0.0, 1.0]);
    }
}

#[test]
fn points_have_the_range_of_their_values() {
    let folder = Folder::new();
    let values: Vec<u8> = [-3.0_f64, 0.5, 7.0, 1.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let data = open(folder.write("points.npy", npy("<f8", "(2, 2)", &values)));
    assert_eq!((data.len(), data.shape(), data.range()), (2, &[2][..], [-3.0, 7.0]));
    assert_eq!(row(&data, 1), [7.0, 1.0]);
}

#[test]
fn a_folder_of_images_is_read_in_the_order_of_names() {
    let folder = Folder::new();
    folder.image("set/c.png", grey(3, 2, 30));
    folder.image("set/a.webp", grey(3, 2, 10));
    folder.image("set/b.JPG", grey(3, 2, 20));
    folder.write("set/.hidden", "not looked at");
    let data = open(folder.path("set"));
    // WebP has no grey images, so these are rows of colours.
    assert_eq!((data.len(), data.shape()), (3, &[3, 2, 3][..]));
    assert_eq!((0..3).map(|i| levels(&data, i)[0]).collect::<Vec<_>>(), [10, 20, 30]);
    assert!(data.classes().is_empty());
}

#[test]
fn a_jpeg_is_read_whatever_follows_its_end() {
    let folder = Folder::new();
    let whole = fs::read(folder.image("set/a.jpg", noisy(40, 40))).unwrap();
    let alone = levels(&open(folder.path("set")), 0);
    for more in [&b"garbage"[..], &[0; 3], &[0xFF, 0xDA], &[0xFF]] {
        folder.write("set/a.jpg", [&whole, more].concat());
        assert_eq!(levels(&open(folder.path("set")), 0), alone, "with {more:?} after its end");
    }
}

#[test]
fn many_images_keep_their_order_whoever_decodes_them() {
    let folder = Folder::new();
    for i in 0..37 {
        folder.image(&format!("set/{i:02}.png"), grey(2, 2, i));
    }
    let data = open(folder.path("set"));
    assert_eq!((0..37).map(|i| levels(&data, i)[3]).collect::<Vec<_>>(), (0..37).collect::<Vec<_>>());
}

#[test]
fn sub_folders_are_classes_in_their_order_or_in_the_order_that_is_given() {
    let folder = Folder::new();
    folder.image("dog/1.png", grey(1, 1, 1));
    folder.image("cat/2.png", grey(1, 1, 2));
    folder.image("cat/3.png", grey(1, 1, 3));
    let data = open(folder.path(""));
    assert_eq!((data.classes(), labels(&data)), (&["cat".to_owned(), "dog".to_owned()][..], vec![0, 0, 1]));
    let classes = vec!["dog".to_owned(), "cat".to_owned()];
    let data = Dataset::open(&folder.path(""), &Options { classes: Some(classes), ..Options::default() }).unwrap();
    assert_eq!((labels(&data), levels(&data, 0)), (vec![0, 1, 1], vec![1]));
}

#[test]
fn one_coloured_image_makes_all_rows_coloured_unless_grey_is_asked_for() {
    let folder = Folder::new();
    folder.image("set/a.png", grey(1, 1, 9));
    folder.image("set/b.png", colour(1, 1, [255, 0, 0]));
    let data = open(folder.path("set"));
    assert_eq!((levels(&data, 0), levels(&data, 1)), (vec![9, 9, 9], vec![255, 0, 0]));
    let options = Options { channels: Some(Channels::Grey), ..Options::default() };
    let data = Dataset::open(&folder.path("set"), &options).unwrap();
    assert_eq!(data.shape(), [1, 1, 1]);
    // The luminance of red by ITU-R BT.709, 0.2126.
    assert_eq!((levels(&data, 0), levels(&data, 1)), (vec![9], vec![54]));
}

#[test]
fn an_image_that_is_resized_shows_its_middle() {
    let folder = Folder::new();
    let mut wide = grey(40, 20, 0);
    for (x, _, pixel) in wide.enumerate_pixels_mut() {
        pixel.0 = [if (10..30).contains(&x) { 200 } else { 0 }];
    }
    folder.image("set/wide.png", wide);
    folder.image("set/other.png", grey(7, 9, 80));
    let options = Options { size: Some(5), ..Options::default() };
    let data = Dataset::open(&folder.path("set"), &options).unwrap();
    assert_eq!(data.shape(), [1, 5, 5]);
    assert_eq!(levels(&data, 0), [80; 25]);
    assert_eq!(levels(&data, 1), [200; 25]);
}

#[test]
fn what_is_transparent_shows_white() {
    let folder = Folder::new();
    let mut image = RgbaImage::from_pixel(3, 1, Rgba([100, 0, 0, 255]));
    image.put_pixel(1, 0, Rgba([100, 0, 0, 0]));
    image.put_pixel(2, 0, Rgba([0, 0, 0, 51]));
    folder.image("set/a.png", image);
    assert_eq!(levels(&open(folder.path("set")), 0), [100, 255, 204, 0, 255, 204, 0, 255, 204]);
}

#[test]
fn the_name_of_a_density_gives_exact_draws_from_it() {
    let drawn = |name: &str, count, seed| {
        Dataset::open(Path::new(name), &Options { count, seed, ..Options::default() }).unwrap()
    };
    for name in NAMES {
        let data = drawn(name, Some(50), Some(3));
        assert_eq!((data.len(), data.shape(), data.classes().len()), (50, &[2][..], 0));
        let mut x = [0.0; 2];
        for i in 0..50 {
            by_name(name).unwrap().draw(&Noise::new(3, i, Purpose::Data), &mut x);
            assert_eq!(row(&data, i as usize), x.map(|x| x as f32), "row {i} of {name}");
        }
    }
    let (few, many) = (drawn("ring", Some(10), None), drawn("ring", None, Some(0)));
    assert_eq!(many.len(), 20_000);
    assert_eq!(row(&few, 9), row(&many, 9));
    let description = few.describe();
    assert_eq!([&description["name"], &description["kind"]], ["ring", "generated"]);
    assert_eq!([&description["count"], &description["seed"]], [10, 0]);
    assert_ne!(description["sha256"], drawn("ring", Some(10), Some(1)).describe()["sha256"]);
}

#[test]
fn a_folder_with_the_name_of_a_density_is_read() {
    let folder = Folder::new();
    folder.image("two-moons/a.png", grey(4, 4, 7));
    assert_eq!(open(folder.path("two-moons")).shape(), [1, 4, 4]);
}
