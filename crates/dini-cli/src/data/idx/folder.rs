//! Data sets as folders of four IDX files, named the way MNIST names them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{CLASSES, read_images, read_labels};
use crate::data::{Images, Split};
use crate::files::FileError;

/// How many of a folder's names an error lists.
const LISTED: usize = 6;

/// Loads the training and the test images of an MNIST-style folder.
///
/// It holds `{train,t10k}-{images-idx3,labels-idx1}-ubyte`, each of them plain or gzipped, with or
/// without `.gz`, and optionally with a dot in place of the hyphen before `idx`.
///
/// # Errors
///
/// When a file is missing or faulty, or when files that belong together do not fit each other.
pub fn load_dir(dir: &Path) -> Result<Split, FileError> {
    let (train, _) = load(dir, &TRAIN)?;
    let (test, test_path) = load(dir, &TEST)?;
    if (train.height, train.width) != (test.height, test.width) {
        return Err(FileError::new(
            "the test images do not fit the training images",
            test_path,
            format!(
                "they are {}x{} pixels, the training images {}x{}",
                test.height, test.width, train.height, train.width
            ),
            "use the files of one data set",
        ));
    }
    let name = dir.file_name().unwrap_or(dir.as_os_str());
    Ok(Split { name: name.to_string_lossy().into_owned(), train, test })
}

/// Loads only the test images of such a folder.
///
/// # Errors
///
/// As for [`load_dir`].
pub fn test_set(dir: &Path) -> Result<Images, FileError> {
    load(dir, &TEST).map(|(images, _)| images)
}

/// One half of a data set: how its files and its errors begin.
struct Part {
    prefix: &'static str,
    no_images: &'static str,
    no_labels: &'static str,
}

const TRAIN: Part = Part {
    prefix: "train",
    no_images: "cannot find the training images",
    no_labels: "cannot find the training labels",
};

const TEST: Part =
    Part { prefix: "t10k", no_images: "cannot find the test images", no_labels: "cannot find the test labels" };

/// The images of one part with their labels, and the path of the images.
fn load(dir: &Path, part: &Part) -> Result<(Images, PathBuf), FileError> {
    let prefix = part.prefix;
    // Both are looked for first: reading a large file only to miss its labels wastes time.
    let images_path = find(dir, &format!("{prefix}-images"), "idx3", part.no_images)?;
    let labels_path = find(dir, &format!("{prefix}-labels"), "idx1", part.no_labels)?;
    let labels = read_labels(&labels_path)?;
    let (pixels, count, height, width) = read_images(&images_path)?;
    if labels.len() != count {
        return Err(FileError::new(
            "the labels do not fit the images",
            labels_path,
            format!("it holds {} labels, {} holds {count} images", labels.len(), images_path.display()),
            "use the files of one data set",
        ));
    }
    let images = Images { pixels, labels, height, width, classes: usize::from(CLASSES) };
    Ok((images, images_path))
}

/// The first spelling of a file's name that the folder has.
fn find(dir: &Path, stem: &str, form: &str, what: &'static str) -> Result<PathBuf, FileError> {
    let usual = format!("{stem}-{form}-ubyte");
    let dotted = format!("{stem}.{form}-ubyte");
    let spellings = [usual.clone(), format!("{usual}.gz"), dotted.clone(), format!("{dotted}.gz")];
    // Some archives unpack into folders named like the files, hence more than mere existence.
    let found = spellings.iter().map(|name| dir.join(name)).find(|path| path.is_file());
    match found {
        Some(path) => Ok(path),
        None => Err(FileError::new(
            what,
            dir,
            format!(
                "no file {usual} or {usual}.gz (nor {dotted}), only {}",
                contents(dir).map_err(|error| FileError::io(what, dir, &error))?
            ),
            "give the folder that holds the four MNIST files",
        )),
    }
}

/// What a folder holds, in a few words. Of its names, which may be many, only the first few are kept.
fn contents(dir: &Path) -> std::io::Result<String> {
    let (mut names, mut count) = (BTreeSet::new(), 0);
    for entry in std::fs::read_dir(dir)? {
        names.insert(entry?.file_name());
        count += 1;
        if names.len() > LISTED {
            names.pop_last();
        }
    }
    if count == 0 {
        return Ok("an empty folder".to_owned());
    }
    let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
    let more = count - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Ok(names.join(", ") + &more)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{gz, idx};
    use super::super::{IMAGES_MAGIC, LABELS_MAGIC};
    use super::*;
    use std::fs;

    fn put(dir: &Path, name: &str, bytes: &[u8]) {
        fs::write(dir.join(name), bytes).unwrap();
    }

    /// A data set of three training images and two test images, each file spelt differently.
    fn sample() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        let images = |n: u32| idx(IMAGES_MAGIC, &[n, 1, 2], &vec![255; n as usize * 2]);
        put(dir, "train-images-idx3-ubyte", &images(3));
        put(dir, "train-labels.idx1-ubyte", &idx(LABELS_MAGIC, &[3], &[1, 2, 3]));
        put(dir, "t10k-images-idx3-ubyte.gz", &gz(&images(2)));
        // Gzip under a name that does not say so.
        put(dir, "t10k-labels-idx1-ubyte", &gz(&idx(LABELS_MAGIC, &[2], &[4, 5])));
        folder
    }

    #[test]
    fn loads_both_halves_however_they_are_spelt() {
        let folder = sample();
        let split = load_dir(folder.path()).unwrap();
        assert_eq!(split.train.labels, [1, 2, 3]);
        assert_eq!(split.test.labels, [4, 5]);
        assert_eq!(split.test.pixels, [1.0; 4]);
        assert_eq!((split.test.height, split.test.width), (1, 2));
        assert_eq!(split.test.classes, 10);
        assert_eq!(split.name, folder.path().file_name().unwrap().to_string_lossy());
    }

    #[test]
    fn the_test_half_needs_no_training_files() {
        let folder = sample();
        fs::remove_file(folder.path().join("train-images-idx3-ubyte")).unwrap();
        assert_eq!(test_set(folder.path()).unwrap().len(), 2);
        let text = load_dir(folder.path()).unwrap_err().to_string();
        assert!(text.starts_with("cannot find the training images"));
        assert!(text.contains("train-images-idx3-ubyte.gz (nor train-images.idx3-ubyte)"), "{text}");
        assert!(text.contains("only t10k-images-idx3-ubyte.gz, "), "{text}");
    }

    #[test]
    fn missing_empty_and_impossible_folders() {
        let folder = tempfile::tempdir().unwrap();
        let text = load_dir(folder.path()).unwrap_err().to_string();
        assert!(text.contains("an empty folder"), "{text}");
        let gone = load_dir(&folder.path().join("gone")).unwrap_err();
        assert!(gone.to_string().contains("gone"), "{gone}");
        put(folder.path(), "file", b"");
        assert!(load_dir(&folder.path().join("file")).is_err());
        for i in 0..8 {
            put(folder.path(), &format!("x{i}"), b"");
        }
        let text = load_dir(folder.path()).unwrap_err().to_string();
        assert!(text.contains("x4 and 3 more"), "{text}");
        fs::create_dir(folder.path().join("train-images-idx3-ubyte")).unwrap();
        let text = load_dir(folder.path()).unwrap_err().to_string();
        assert!(text.starts_with("cannot find the training images"), "{text}");
    }

    #[test]
    fn files_that_do_not_belong_together() {
        let folder = sample();
        put(folder.path(), "train-labels-idx1-ubyte", &idx(LABELS_MAGIC, &[2], &[1, 2]));
        let text = load_dir(folder.path()).unwrap_err().to_string();
        assert!(text.contains("it holds 2 labels, "), "{text}");
        assert!(text.contains("holds 3 images"), "{text}");

        let folder = sample();
        put(folder.path(), "t10k-images-idx3-ubyte", &idx(IMAGES_MAGIC, &[2, 2, 2], &[0; 8]));
        let text = load_dir(folder.path()).unwrap_err().to_string();
        assert!(text.contains("2x2 pixels, the training images 1x2"));
        assert_eq!(text.lines().count(), 1);
    }
}
