//! A file that is not whole is refused, by name and with the reason.

use crate::files::{Folder, cifar, colour, grey, gz, idx, noisy, npy, npy_with_header, open, refusal};
use smld::train::data::{Channels, Options};
use std::fs;

/// Refused without options.
fn refused(folder: &Folder, name: &str) -> String {
    refusal(folder, folder.path(name), &Options::default())
}

fn classes(names: &[&str]) -> Options {
    Options { classes: Some(names.iter().map(|&name| name.to_owned()).collect()), ..Options::default() }
}

#[test]
fn a_path_that_is_not_there() {
    let folder = Folder::new();
    let densities = "banana, checkerboard, funnel, gaussian, mixture, ring, swiss-roll, two-moons";
    let reason = "is not there; give a file, a folder, or one of the densities to draw from";
    assert_eq!(refused(&folder, "gone"), format!("<folder>/gone {reason}: {densities}"));
}

#[test]
fn a_file_of_no_known_kind() {
    let folder = Folder::new();
    folder.write("notes.txt", "some words");
    let known = "what can be read is IDX (raw or .gz), .npy, CIFAR-10's .bin, and a folder of PNG, JPEG or WebP images";
    let expected = format!("<folder>/notes.txt does not begin as an IDX file of bytes does; {known}");
    assert_eq!(refused(&folder, "notes.txt"), expected);
    folder.write("notes.npy", "some words");
    let expected = format!("<folder>/notes.npy does not begin as a .npy array does; {known}");
    assert_eq!(refused(&folder, "notes.npy"), expected);
}

#[test]
fn files_that_are_truncated_at_any_byte() {
    let folder = Folder::new();
    let whole = idx(&[2, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8]);
    let array = npy("|u1", "(2, 2, 2)", &[1, 2, 3, 4, 5, 6, 7, 8]);
    let files =
        [("images", whole.clone()), ("images.gz", gz(&whole)), ("images.npy", array), ("x.bin", cifar(1, [0; 3]))];
    for (name, whole) in files {
        let path = folder.write(name, &whole);
        smld::train::data::Dataset::open(&path, &Options::default()).unwrap();
        for end in (1..whole.len()).step_by(if whole.len() > 1000 { 511 } else { 1 }) {
            fs::write(&path, &whole[..end]).unwrap();
            let expected =
                format!("<folder>/{name} is truncated: it ends before the data that it promises; fetch it again");
            assert_eq!(refused(&folder, name), expected, "cut at byte {end}");
        }
    }
}

#[test]
fn files_that_go_on_after_their_data() {
    let folder = Folder::new();
    let whole = idx(&[1, 1, 2], &[1, 2]);
    folder.write("images", [&whole[..], &[0]].concat());
    folder.write("images.gz", gz(&[&whole[..], &[0]].concat()));
    folder.write("images.npy", npy("|u1", "(1, 1, 2)", &[1, 2, 3]));
    for name in ["images", "images.gz", "images.npy"] {
        let expected = format!(
            "<folder>/{name} goes on after the data that it promises: it is damaged or of another kind; fetch it again"
        );
        assert_eq!(refused(&folder, name), expected);
    }
}

#[test]
fn a_gzip_file_that_is_damaged() {
    let folder = Folder::new();
    let mut packed = gz(&idx(&[1, 1, 2], &[1, 2]));
    let crc = packed.len() - 8;
    packed[crc] ^= 1;
    folder.write("images.gz", packed);
    let expected = "<folder>/images.gz cannot be read: corrupt gzip stream does not have a matching checksum";
    assert_eq!(refused(&folder, "images.gz"), expected);
}

#[test]
fn headers_that_promise_absurd_sizes() {
    let folder = Folder::new();
    folder.write("images", idx(&[u32::MAX, u32::MAX, u32::MAX], &[]));
    folder.write("images.npy", npy("<f8", "(4000000000, 28, 28)", &[]));
    let tail = "bytes, above the 64 GiB that are read: its header is damaged, or make it smaller";
    let sizes = "[4294967295, 4294967295, 4294967295]";
    assert_eq!(refused(&folder, "images"), format!("<folder>/images would take {sizes} {tail}"));
    let sizes = "[4000000000, 28, 28, 8]";
    assert_eq!(refused(&folder, "images.npy"), format!("<folder>/images.npy would take {sizes} {tail}"));
}

#[test]
fn a_large_promise_with_little_behind_it_takes_no_memory() {
    let folder = Folder::new();
    folder.write("images", idx(&[60_000, 1024, 1024], &[1, 2, 3]));
    let expected = "<folder>/images is truncated: it ends before the data that it promises; fetch it again";
    assert_eq!(refused(&folder, "images"), expected);
}

#[test]
fn files_without_rows() {
    let folder = Folder::new();
    folder.write("images", idx(&[0, 28, 28], &[]));
    folder.write("images.npy", npy("|u1", "(3, 0, 28, 3)", &[]));
    folder.write("empty.bin", "");
    fs::create_dir(folder.path("empty")).unwrap();
    folder.image("classes/full/a.png", grey(1, 1, 1));
    fs::create_dir(folder.path("classes/hollow")).unwrap();
    for (path, at) in [
        ("images", "images"),
        ("images.npy", "images.npy"),
        ("empty.bin", "empty.bin"),
        ("empty", "empty"),
        ("classes", "classes/hollow"),
    ] {
        assert_eq!(refused(&folder, path), format!("<folder>/{at} holds no images and no points"));
    }
}

#[test]
fn labels_of_another_set() {
    let folder = Folder::new();
    folder.write("train-images-idx3-ubyte", idx(&[2, 1, 1], &[1, 2]));
    folder.write("train-labels-idx1-ubyte", idx(&[3], &[1, 2, 3]));
    let expected = "<folder>/train-images-idx3-ubyte has 2 rows but 3 labels; images and labels must be of one set";
    assert_eq!(refused(&folder, "train-images-idx3-ubyte"), expected);
    folder.write("train-labels-idx1-ubyte", idx(&[2, 1], &[1, 2]));
    let reason = refused(&folder, "train-images-idx3-ubyte");
    assert!(
        reason.starts_with("<folder>/train-labels-idx1-ubyte does not begin as a list of IDX labels does"),
        "{reason}"
    );
}

#[test]
fn labels_without_a_class() {
    let folder = Folder::new();
    folder.write("train-images-idx3-ubyte", idx(&[2, 1, 1], &[1, 2]));
    folder.write("train-labels-idx1-ubyte", idx(&[2], &[1, 10]));
    let reason = "has the label 10 in row 1 (from 0), but 10 classes; name all classes, or fetch it again";
    assert_eq!(refused(&folder, "train-images-idx3-ubyte"), format!("<folder>/train-images-idx3-ubyte {reason}"));
    folder.write("x.bin", cifar(2, [0; 3]));
    let reason = "has the label 2 in row 0 (from 0), but 2 classes; name all classes, or fetch it again";
    assert_eq!(refusal(&folder, folder.path("x.bin"), &classes(&["a", "b"])), format!("<folder>/x.bin {reason}"));
}

#[test]
fn a_cifar_10_folder_that_lacks_a_file() {
    let folder = Folder::new();
    folder.write("data_batch_1.bin", cifar(1, [0; 3]));
    let expected = "<folder>/data_batch_2.bin cannot be read: No such file or directory (os error 2)";
    assert_eq!(refused(&folder, ""), expected);
}

#[test]
fn a_cifar_10_folder_with_a_file_that_is_empty_or_cut_between_two_records() {
    let folder = Folder::new();
    let record = cifar(1, [0; 3]);
    let whole = record.repeat(3);
    for i in 1..=5 {
        folder.write(&format!("data_batch_{i}.bin"), &whole);
    }
    for short in ["data_batch_1.bin", "data_batch_4.bin"] {
        folder.write(short, "");
        assert_eq!(refused(&folder, ""), format!("<folder>/{short} holds no images and no points"));
        folder.write(short, record.repeat(2));
        let expected =
            format!("<folder>/{short} has 2 records, but another batch has 3: it is cut off; fetch it again");
        assert_eq!(refused(&folder, ""), expected);
        folder.write(short, &whole);
    }
}

#[test]
fn arrays_that_are_neither_images_nor_points() {
    let folder = Folder::new();
    let known = "images are [N, H, W], [N, C, H, W] or [N, H, W, C] with 1 or 3 channels, points are floats [N, D]";
    for (shape, told) in [("(4,)", "[4]"), ("(2, 2)", "[2, 2]"), ("(1, 2, 1, 2)", "[1, 2, 1, 2]")] {
        folder.write("a.npy", npy("|u1", shape, &[1, 2, 3, 4]));
        assert_eq!(refused(&folder, "a.npy"), format!("<folder>/a.npy has the shape {told}; {known}"));
    }
    folder.write("images", idx(&[1, 2, 1, 2], &[1, 2, 3, 4]));
    assert_eq!(refused(&folder, "images"), format!("<folder>/images has the shape [1, 2, 1, 2]; {known}"));
}

#[test]
fn arrays_of_other_numbers_or_another_order() {
    let folder = Folder::new();
    folder.write("a.npy", npy("<i8", "(1, 1, 1)", &[0; 8]));
    assert_eq!(refused(&folder, "a.npy"), "<folder>/a.npy holds '<i8'; save it as uint8, float32 or float64");
    folder.write("a.npy", npy_with_header("{'descr': '|u1', 'fortran_order': True, 'shape': (1, 1, 2), }", &[1, 2]));
    let expected = "<folder>/a.npy is stored in Fortran order; save numpy.ascontiguousarray of it";
    assert_eq!(refused(&folder, "a.npy"), expected);
    folder.write("a.npy", npy_with_header("{'descr': '|u1', 'shape': (1, 1, 2), }", &[1, 2]));
    assert_eq!(refused(&folder, "a.npy"), "<folder>/a.npy cannot be read: dict is missing key 'fortran_order'");
}

#[test]
fn floats_that_are_not_finite_or_not_images() {
    let folder = Folder::new();
    let bytes = |values: [f32; 4]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    folder.write("a.npy", npy("<f4", "(2, 2)", &bytes([0.0, 1.0, 2.0, f32::NAN])));
    let expected = "<folder>/a.npy holds NaN in row 1 (from 0); every value must be finite";
    assert_eq!(refused(&folder, "a.npy"), expected);
    let wide = |values: [f64; 4]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    folder.write("a.npy", npy("<f8", "(2, 2)", &wide([0.0, 1.0, f64::INFINITY, 2.0])));
    let expected = "<folder>/a.npy holds inf in row 1 (from 0); every value must be finite";
    assert_eq!(refused(&folder, "a.npy"), expected);
    folder.write("a.npy", npy("<f8", "(2, 2)", &wide([0.0, 1.0, 2.0, -1e300])));
    let expected = "<folder>/a.npy holds -1e300 in row 1 (from 0), beyond what float32 holds, in which data are read; scale the \
                    data down";
    assert_eq!(refused(&folder, "a.npy"), expected);
    folder.write("a.npy", npy("<f4", "(2, 1, 2)", &bytes([-1.0, 0.0, 0.5, 1.0])));
    let expected =
        "<folder>/a.npy holds images with values from -1 to 1; floats must be scaled to [0, 1], or saved as uint8";
    assert_eq!(refused(&folder, "a.npy"), expected);
}

#[test]
fn images_of_several_sizes_without_one_to_resize_to() {
    let folder = Folder::new();
    folder.image("set/a.png", grey(4, 3, 1));
    folder.image("set/b.png", grey(3, 4, 1));
    let expected =
        "<folder>/set/b.png is 3 × 4 pixels, but the first image is 4 × 3; give a size to which all are resized";
    assert_eq!(refused(&folder, "set"), expected);
}

#[test]
fn an_image_that_cannot_be_decoded() {
    let folder = Folder::new();
    for name in ["a.png", "b.jpg", "c.webp"] {
        let path = folder.image(&format!("set/{name}"), colour(40, 40, [9, 99, 199]));
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let reason = refused(&folder, "set");
        assert!(reason.starts_with(&format!("<folder>/set/{name} cannot be decoded: ")), "{reason}");
        assert!(reason.ends_with("; replace it, or move it out of the data"), "{reason}");
        fs::remove_file(&path).unwrap();
    }
}

/// Decoders fill what is missing with grey.
#[test]
fn a_jpeg_that_is_cut_off_within_its_scan() {
    let folder = Folder::new();
    let path = folder.image("set/a.jpg", noisy(40, 40));
    let whole = fs::read(&path).unwrap();
    let scan = whole.windows(2).rposition(|pair| pair == [0xFF, 0xDA]).unwrap();
    assert!(whole.len() - scan > 500, "the scan is {} bytes", whole.len() - scan);
    let expected =
        "<folder>/set/a.jpg is cut off: a JPEG without its end marker; fetch it again, or move it out of the data";
    for end in (scan + 20..whole.len()).step_by(97).chain([whole.len() - 2, whole.len() - 1]) {
        fs::write(&path, &whole[..end]).unwrap();
        assert_eq!(refused(&folder, "set"), expected, "cut at byte {end} of {}", whole.len());
    }
}

#[test]
fn a_jpeg_that_is_cut_off_after_a_whole_thumbnail() {
    let folder = Folder::new();
    let whole = with_thumbnail(&fs::read(folder.image("a.jpg", noisy(40, 40))).unwrap());
    folder.write("set/a.jpg", &whole);
    assert_eq!(open(folder.path("set")).shape(), [1, 40, 40]);
    folder.write("set/a.jpg", &whole[..whole.len() - 100]);
    assert!(refused(&folder, "set").starts_with("<folder>/set/a.jpg is cut off: "));
}

/// The JPEG with itself as a segment that applications may use, as cameras keep thumbnails.
fn with_thumbnail(jpeg: &[u8]) -> Vec<u8> {
    let length = (jpeg.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE5], &length, jpeg, &jpeg[2..]].concat()
}

#[test]
fn the_first_bad_image_is_the_one_that_is_named() {
    let folder = Folder::new();
    for i in 0..20 {
        folder.image(&format!("set/{i:02}.png"), grey(if [7, 18].contains(&i) { 2 } else { 1 }, 1, 1));
    }
    let reason = refused(&folder, "set");
    assert!(reason.starts_with("<folder>/set/07.png is 2 × 1 pixels"), "{reason}");
}

#[test]
fn files_and_folders_that_are_no_images() {
    let folder = Folder::new();
    folder.write("set/readme.txt", "words");
    folder.image("classes/a/1.png", grey(1, 1, 1));
    fs::create_dir(folder.path("classes/a/nested")).unwrap();
    let reason = "is not a PNG, JPEG or WebP image; convert it, or move it out of the data";
    assert_eq!(refused(&folder, "set"), format!("<folder>/set/readme.txt {reason}"));
    assert_eq!(refused(&folder, "classes"), format!("<folder>/classes/a/nested {reason}"));
    folder.image("mixed/a/1.png", grey(1, 1, 1));
    folder.write("mixed/readme.txt", "words");
    assert_eq!(refused(&folder, "mixed"), format!("<folder>/mixed/readme.txt {reason}"));
    fs::remove_file(folder.path("mixed/readme.txt")).unwrap();
    folder.image("mixed/1.png", grey(1, 1, 1));
    let expected = "<folder>/mixed holds both images and sub-folders; put every image into the sub-folder of its class";
    assert_eq!(refused(&folder, "mixed"), expected);
}

#[test]
fn classes_that_are_not_the_sub_folders() {
    let folder = Folder::new();
    folder.image("set/cat/1.png", grey(1, 1, 1));
    folder.image("set/dog/1.png", grey(1, 1, 1));
    let expected = r#"<folder>/set has the classes ["cat", "dog"] (its sub-folders), but ["dog", "bird"] were named; name exactly those, in any order"#;
    assert_eq!(refusal(&folder, folder.path("set"), &classes(&["dog", "bird"])), expected);
}

#[test]
fn a_size_of_nothing_or_of_more_than_there_is_memory() {
    let folder = Folder::new();
    folder.image("set/a.png", grey(1, 1, 1));
    let sized = |size| refusal(&folder, folder.path("set"), &Options { size: Some(size), ..Options::default() });
    assert_eq!(sized(0), "<folder>/set cannot be resized to 0 pixels; give a size of at least 1");
    assert!(sized(u32::MAX).contains("above the 64 GiB that are read"), "{}", sized(u32::MAX));
}

#[test]
fn options_that_mean_nothing_for_a_kind() {
    let folder = Folder::new();
    let images = folder.write("images", idx(&[1, 1, 1], &[1]));
    let batch = folder.write("x.bin", cifar(1, [0; 3]));
    let array = folder.write("a.npy", npy("|u1", "(1, 1, 1)", &[1]));
    folder.image("set/a.png", grey(1, 1, 1));
    let size = Options { size: Some(8), ..Options::default() };
    let channels = Options { channels: Some(Channels::Grey), ..Options::default() };
    let expected = |name: &str, kind: &str, option: &str| {
        format!("<folder>/{name} is {kind}, for which '{option}' means nothing; leave it out")
    };
    assert_eq!(refusal(&folder, &images, &size), expected("images", "IDX", "size"));
    assert_eq!(refusal(&folder, &images, &classes(&["a"])), expected("images", "IDX without labels", "classes"));
    assert_eq!(refusal(&folder, &batch, &channels), expected("x.bin", "CIFAR-10", "channels"));
    assert_eq!(refusal(&folder, &array, &classes(&["a"])), expected("a.npy", "a .npy array", "classes"));
    let of_folder = expected("set", "a folder without sub-folders", "classes");
    assert_eq!(refusal(&folder, folder.path("set"), &classes(&["a"])), of_folder);

    let count = Options { count: Some(8), ..Options::default() };
    let seed = Options { seed: Some(8), ..Options::default() };
    assert_eq!(refusal(&folder, &array, &count), expected("a.npy", "a file or folder", "count"));
    assert_eq!(refusal(&folder, &array, &seed), expected("a.npy", "a file or folder", "data-seed"));
    let of_density = |option| format!("ring is a density, for which '{option}' means nothing; leave it out");
    for (options, option) in [(size, "size"), (channels, "channels"), (classes(&["a"]), "classes")] {
        assert_eq!(refusal(&folder, "ring", &options), of_density(option));
    }
}
