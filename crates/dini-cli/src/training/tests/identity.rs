//! A checkpoint knows its options and its data, and whether it is what it was.

use std::fs;

use super::{Place, differing};
use crate::training::folder::{CHECKPOINT, CONFIG};

#[test]
fn other_data_are_refused_and_nothing_is_changed() {
    let place = Place::new();
    place.train("run", &[]).unwrap();
    let before = place.files("run");
    type Change = fn(&mut Vec<u8>);
    let changes: [(&str, Change); 4] = [
        // two labels changed places, two images, a pixel, another test set
        ("train-labels-idx1-ubyte", |bytes| bytes.swap(8, 9)),
        ("train-images-idx3-ubyte", |bytes| bytes[16..].rotate_left(16)),
        ("train-images-idx3-ubyte", |bytes| bytes[100] ^= 1),
        ("t10k-images-idx3-ubyte", |bytes| bytes[16..].reverse()),
    ];
    for (name, change) in changes {
        let path = place.data().join(name);
        let good = fs::read(&path).unwrap();
        let mut bytes = good.clone();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
        let failure = place.resume("run").unwrap_err();
        assert!(failure.code == 2 && failure.message.contains("not those the run was started with"), "{failure:?}");
        assert_eq!(differing(&place.files("run"), &before), [""; 0]);
        fs::write(&path, good).unwrap();
    }
    place.resume("run").unwrap();
    assert_eq!(differing(&place.files("run"), &before), [""; 0]);
}

#[test]
fn the_options_are_those_of_the_checkpoint() {
    let place = Place::new();
    place.train("run", &["--seed=18446744073709551615"]).unwrap();
    let before = place.files("run");
    // what somebody makes of the file for people does not count
    fs::write(place.path("run").join(CONFIG), "epochs = 5\n").unwrap();
    place.resume("run").unwrap();
    assert_eq!(differing(&place.files("run"), &before), [""; 0]);
    let config = fs::read_to_string(place.path("run").join(CONFIG)).unwrap();
    assert!(config.contains("seed = \"18446744073709551615\""), "{config}");
}

#[test]
fn damaged_and_foreign_checkpoints_are_refused_in_one_line() {
    let place = Place::new();
    place.train("run", &[]).unwrap();
    let path = place.path("run").join(CHECKPOINT);
    let good = fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> = (0..good.len()).step_by(97).map(|k| flipped(&good, k)).collect();
    damaged.extend([vec![], good[..good.len() / 2].to_vec(), b"{}".to_vec(), [&good[..], b"\0"].concat()]);
    // a model is no checkpoint
    damaged.push(fs::read(place.path("run").join("model.safetensors")).unwrap());
    for bytes in damaged {
        fs::write(&path, &bytes).unwrap();
        let failure = place.resume("run").unwrap_err();
        assert!(failure.code == 2 && failure.message.lines().count() == 1, "{failure:?}");
        assert!(failure.message.contains(CHECKPOINT), "{failure:?}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    fs::write(&path, &good).unwrap();
    place.resume("run").unwrap();
}

fn flipped(bytes: &[u8], k: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[k] ^= 1 << (k % 8);
    bytes
}

#[test]
fn numbers_that_are_not_finite_end_the_run_and_keep_the_checkpoint() {
    let place = Place::new();
    let failure = place.train("run", &["--learning-rate=3e38"]).unwrap_err();
    assert_eq!(failure.code, 1);
    assert!(failure.message.contains("no longer finite") || failure.message.contains("NaN"), "{failure:?}");
    for part in ["epoch 1, step ", "--learning-rate below 3e38"] {
        assert!(failure.message.contains(part), "{failure:?}");
    }
    // the checkpoint is good, and leads to the same end
    assert_eq!(place.resume("run").unwrap_err(), failure);
    assert!(!place.path("run").join("report.html").exists());
}
