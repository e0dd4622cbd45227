//! Images and labels in IDX form, the one MNIST comes in, plain or gzipped.

mod folder;
mod source;

use std::path::Path;

pub use folder::{load_dir, test_set};

use super::MAX_SIDE;
use crate::files::FileError;
use source::Source;

/// How many classes labels may name: the digits, or as many kinds of clothing.
const CLASSES: u8 = 10;

/// The most bytes a file may announce. MNIST has 47 million, the largest set of digits in this form (EMNIST) 188 million; the
/// pixels later take four times their bytes as `f32`.
const MAX_BYTES: usize = 1 << 28;
/// The most images or labels.
pub const MAX_IMAGES: usize = 1_000_000;
/// Bytes that are read at a time.
const PORTION: usize = 1 << 16;

const IMAGES_MAGIC: u32 = 0x0803;
const LABELS_MAGIC: u32 = 0x0801;

/// Reads an IDX file of images: the pixels in 0..1, then the number of images, their height and
/// their width.
///
/// # Errors
///
/// When the file cannot be read or its content departs in any way from what its header announces.
/// No memory is set aside on the header's word alone.
pub fn read_images(path: &Path) -> Result<(Vec<f32>, usize, usize, usize), FileError> {
    let mut source = Source::open(path, "cannot read the images")?;
    let ([count, height, width], pixels) =
        read(&mut source, IMAGES_MAGIC, |byte| f32::from(byte) / f32::from(u8::MAX))?;
    Ok((pixels, count, height, width))
}

/// Reads an IDX file of labels, each from 0 to 9.
///
/// # Errors
///
/// As for [`read_images`], and when a label is above 9.
pub fn read_labels(path: &Path) -> Result<Vec<u8>, FileError> {
    let mut source = Source::open(path, "cannot read the labels")?;
    let ([_count], labels) = read(&mut source, LABELS_MAGIC, |byte| byte)?;
    match labels.iter().position(|&label| label >= CLASSES) {
        Some(i) => Err(source.reject(
            format!("label number {} is {}, above {}", i + 1, labels.get(i).copied().unwrap_or_default(), CLASSES - 1),
            "give a data set of at most ten classes, numbered from 0",
        )),
        None => Ok(labels),
    }
}

/// The sizes in the header, and as many values as they multiply to, each made of one byte.
fn read<T, const RANK: usize>(
    source: &mut Source<'_>,
    magic: u32,
    value: impl Fn(u8) -> T,
) -> Result<([usize; RANK], Vec<T>), FileError> {
    check_magic(source, magic)?;
    let mut sizes = [0; RANK];
    for size in &mut sizes {
        // A size beyond `usize` is beyond every limit as well.
        *size = usize::try_from(header_word(source)?).unwrap_or(usize::MAX);
    }
    let total = check_sizes(source, &sizes)?;
    let mut values = Vec::new();
    let memory = |_| source.reject(format!("there is no memory for its {total} values"), "give a smaller file");
    values.try_reserve_exact(source.believable(total)?).map_err(memory)?;
    let mut portion = vec![0; PORTION];
    while values.len() < total {
        let wanted = PORTION.min(total - values.len());
        let found = source.fill(&mut portion[..wanted])?;
        values.extend(portion[..found].iter().map(|&byte| value(byte)));
        if found < wanted {
            let missing = total - values.len();
            let why = format!("the file is cut short: {missing} of the {total} bytes after the header are missing");
            return Err(source.reject(why, "download it again"));
        }
    }
    // Asking for one byte more tells whether there is more, and makes gzip check its sum.
    if source.fill(&mut [0])? > 0 {
        return Err(
            source.reject(format!("more bytes follow the {total} that the header announces"), "download it again")
        );
    }
    Ok((sizes, values))
}

/// The next four bytes of the header as a big-endian number.
fn header_word(source: &mut Source<'_>) -> Result<u32, FileError> {
    let mut bytes = [0; 4];
    if source.fill(&mut bytes)? < bytes.len() {
        return Err(source.reject("the file is empty or ends within its header", "download it again"));
    }
    Ok(u32::from_be_bytes(bytes))
}

fn check_magic(source: &mut Source<'_>, expected: u32) -> Result<(), FileError> {
    let found = header_word(source)?;
    if found == expected {
        return Ok(());
    }
    let (wanted, guess) = if expected == IMAGES_MAGIC { ("images", LABELS_MAGIC) } else { ("labels", IMAGES_MAGIC) };
    let mut why = format!("magic number {found:#010x} found, {expected:#010x} expected");
    if found == guess {
        let other = if wanted == "images" { "labels" } else { "images" };
        why.push_str(&format!(" (this is a file of {other})"));
    }
    Err(source.reject(why, format!("give an IDX file of {wanted}")))
}

/// Checks the announced sizes and returns their product.
fn check_sizes<const RANK: usize>(source: &Source<'_>, sizes: &[usize; RANK]) -> Result<usize, FileError> {
    let claim = sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
    if sizes.contains(&0) {
        return Err(source.reject(
            format!("the header announces {claim} values, so there is nothing in it"),
            "give a file with at least one image",
        ));
    }
    let sides_fit = sizes[0] <= MAX_IMAGES && sizes[1..].iter().all(|&side| side <= MAX_SIDE);
    sizes
        .iter()
        .try_fold(1, |product: usize, &size| product.checked_mul(size))
        .filter(|&total| sides_fit && total <= MAX_BYTES)
        .ok_or_else(|| {
            source.reject(
                format!("the header announces {claim} values, too many to be right"),
                format!(
                    "give an IDX file of at most {MAX_IMAGES} images with sides of at most {MAX_SIDE} pixels, {} in all",
                    crate::files::size(MAX_BYTES as u64)
                ),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    pub(super) fn idx(magic: u32, sizes: &[u32], data: &[u8]) -> Vec<u8> {
        let mut bytes = magic.to_be_bytes().to_vec();
        for size in sizes {
            bytes.extend(size.to_be_bytes());
        }
        bytes.extend(data);
        bytes
    }

    pub(super) fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn images_of(bytes: &[u8]) -> Result<(Vec<f32>, usize, usize, usize), FileError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        read_images(&path)
    }

    fn labels_of(bytes: &[u8]) -> Result<Vec<u8>, FileError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        read_labels(&path)
    }

    #[test]
    fn plain_and_gzipped_read_alike() {
        let plain = idx(IMAGES_MAGIC, &[2, 1, 2], &[0, 51, 255, 102]);
        let expected = (vec![0.0, 0.2, 1.0, 0.4], 2, 1, 2);
        assert_eq!(images_of(&plain).unwrap(), expected);
        assert_eq!(images_of(&gz(&plain)).unwrap(), expected);
        let labels = idx(LABELS_MAGIC, &[3], &[0, 9, 4]);
        assert_eq!(labels_of(&labels).unwrap(), [0, 9, 4]);
        assert_eq!(labels_of(&gz(&labels)).unwrap(), [0, 9, 4]);
    }

    #[test]
    fn each_fault_has_its_own_line() {
        let good = idx(IMAGES_MAGIC, &[2, 2, 2], &[1; 8]);
        let labels = idx(LABELS_MAGIC, &[1], &[1]);
        let mut altered = gz(&good);
        let sum = altered.len() - 8;
        altered[sum] ^= 1;
        let cases = [
            (vec![], "empty or ends within"),
            (good[..10].to_vec(), "ends within its header"),
            (good[..21].to_vec(), "3 of the 8 bytes"),
            ([&good[..], &[0]].concat(), "more bytes follow the 8"),
            (labels, "0x00000801 found, 0x00000803 expected (this is a"),
            (idx(0x0d03, &[1, 1, 1], &[0; 4]), "0x00000d03 found"),
            (idx(IMAGES_MAGIC, &[0, 2, 2], &[]), "nothing in it"),
            (idx(IMAGES_MAGIC, &[1, 0, 2], &[]), "nothing in it"),
            (idx(IMAGES_MAGIC, &[u32::MAX; 3], &[1]), "too many"),
            (idx(IMAGES_MAGIC, &[1, 4097, 1], &[1; 4097]), "too many"),
            (idx(IMAGES_MAGIC, &[60000, 4096, 4096], &[1]), "too many"),
            (idx(IMAGES_MAGIC, &[1_000_001, 1, 1], &[1; 1_000_001]), "at most 1000000 images"),
            (altered, "gzip data are corrupt"),
            (gz(&good[..20]), "4 of the 8 bytes"),
        ];
        for (bytes, expected) in cases {
            let text = images_of(&bytes).unwrap_err().to_string();
            assert!(text.contains(expected), "{expected}: {text}");
            assert_eq!(text.lines().count(), 1);
        }
        let text = labels_of(&good).unwrap_err().to_string();
        assert!(text.contains("this is a file of images"), "{text}");
        let bytes = idx(LABELS_MAGIC, &[3], &[1, 10, 2]);
        let text = labels_of(&bytes).unwrap_err().to_string();
        assert!(text.contains("label number 2 is 10"), "{text}");
    }

    #[test]
    fn no_cut_of_a_file_is_taken_for_a_whole_one() {
        let plain = idx(IMAGES_MAGIC, &[2, 2, 2], &[7; 8]);
        let packed = gz(&plain);
        for whole in [plain, packed] {
            for cut in 0..whole.len() {
                assert!(images_of(&whole[..cut]).is_err(), "{cut}");
            }
        }
    }

    #[test]
    fn a_large_claim_costs_no_memory() {
        // Within the limits, so only the true length can tell.
        let claim = idx(IMAGES_MAGIC, &[200_000, 32, 32], &[1; 5]);
        let text = images_of(&claim).unwrap_err().to_string();
        assert!(text.contains("204799995 of the 204800000"), "{text}");
    }

    #[test]
    fn gzip_may_unpack_to_what_images_do() {
        // within the bytes that are always allowed, however well they are packed
        let blank = gz(&idx(IMAGES_MAGIC, &[1000, 28, 28], &vec![0; 784_000]));
        assert!(blank.len() < 2000);
        assert_eq!(images_of(&blank).unwrap().1, 1000);
        let bomb = gz(&idx(IMAGES_MAGIC, &[30_000, 28, 28], &vec![0; 30_000 * 784]));
        let text = images_of(&bomb).unwrap_err().to_string();
        assert!(text.contains("it would unpack to 23.5 MB, more than 100 times its size"), "{text}");
        // what is not announced is not unpacked
        let more = gz(&idx(IMAGES_MAGIC, &[1, 28, 28], &vec![0; 30_000 * 784]));
        assert!(images_of(&more).unwrap_err().to_string().contains("more bytes follow the 784"));
    }
}
