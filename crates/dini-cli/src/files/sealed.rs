//! Safetensors files with a description and a checksum over everything in them.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{SafeTensors, TensorView};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{FileError, read};

/// Key of the metadata: `CHECKSUM DESCRIPTION`. One key alone, so that equal content gives equal bytes.
const KEY: &str = "dini";
/// Most bytes of such a file: the weights of 30,000 unknowns with what an optimiser keeps of them.
const MOST: u64 = 16_000_000_000;
/// Most bytes of the header that says what is where.
const MOST_HEADER: u64 = 1_000_000;

/// The bytes of a file that holds `tensors` and `description`.
///
/// # Errors
/// Tensors that the format cannot hold.
pub fn seal(tensors: &[(&str, TensorView<'_>)], description: &str) -> Result<Vec<u8>, String> {
    let views: Vec<(String, &TensorView<'_>)> = tensors.iter().map(|(name, view)| ((*name).to_owned(), view)).collect();
    let entry = format!("{} {description}", checksum(description, views));
    let tensors = tensors.iter().map(|(name, view)| (*name, view));
    safetensors::serialize(tensors, Some(HashMap::from([(KEY.to_owned(), entry)]))).map_err(|e| e.to_string())
}

/// Description and tensors of what [`seal`] has made.
///
/// # Errors
/// Bytes that are foreign, or not what they were.
pub fn unseal(bytes: &[u8]) -> Result<(String, SafeTensors<'_>), String> {
    let damaged = |e: safetensors::SafeTensorError| format!("it is not a safetensors file, or damaged ({e})");
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let entry = metadata.metadata().as_ref().and_then(|m| m.get(KEY));
    let entry = entry.ok_or_else(|| format!("it is not a file of dini (no `{KEY}` entry in its metadata)"))?;
    let Some((sum, description)) = entry.split_once(' ').filter(|(sum, _)| sum.len() == 64) else {
        return Err("it has no checksum, so an older version of dini has written it".to_owned());
    };
    let views = tensors.tensors();
    if checksum(description, views.iter().map(|(name, view)| (name.clone(), view)).collect()) != sum {
        return Err("it is damaged: its checksum does not fit its content".to_owned());
    }
    Ok((description.to_owned(), tensors))
}

/// The same where the description is JSON with a number `format`; `kind` says what it is of.
///
/// # Errors
/// As [`unseal`]; another format, or another kind of file.
pub fn unseal_as<'b, T: DeserializeOwned>(
    bytes: &'b [u8],
    kind: &str,
    format: u32,
) -> Result<(T, SafeTensors<'b>), String> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let (description, tensors) = unseal(bytes)?;
    let not_ours = |_| format!("it is not a {kind} of dini");
    let found = serde_json::from_str::<Format>(&description).map_err(not_ours)?.format;
    if found != format {
        return Err(format!("it has format {found}, this program reads format {format}"));
    }
    Ok((serde_json::from_str(&description).map_err(not_ours)?, tensors))
}

/// The bytes of such a file.
///
/// # Errors
/// A file that is unreadable, irregular, too large, or begins like none of these.
pub fn read_sealed(path: &Path, what: &'static str) -> Result<Vec<u8>, FileError> {
    read::read_checked(path, what, MOST, |start: [u8; 8]| {
        if (1..=MOST_HEADER).contains(&u64::from_le_bytes(start)) {
            Ok(())
        } else {
            Err("it is not a safetensors file, or damaged".to_owned())
        }
    })
}

/// SHA-256, in hexadecimal digits, of parts each preceded by its length.
pub fn digest(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let mut sum = Sha256::new();
    for part in parts {
        let part = part.as_ref();
        sum.update((part.len() as u64).to_le_bytes());
        sum.update(part);
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn checksum(description: &str, mut tensors: Vec<(String, &TensorView<'_>)>) -> String {
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let heads: Vec<String> =
        tensors.iter().map(|(name, view)| format!("{name} {:?} {:?}", view.dtype(), view.shape())).collect();
    let parts = heads.iter().zip(&tensors).flat_map(|(head, (_, view))| [head.as_bytes(), view.data()]);
    digest(std::iter::once(description.as_bytes()).chain(parts))
}

#[cfg(test)]
mod tests {
    use safetensors::tensor::Dtype;

    use super::*;

    fn example() -> Vec<u8> {
        let data = [1u8, 2, 3, 4];
        let tensors = [
            ("b", TensorView::new(Dtype::U8, vec![4], &data).unwrap()),
            ("a", TensorView::new(Dtype::U8, vec![2, 1], &data[1..3]).unwrap()),
        ];
        seal(&tensors, "what it is").unwrap()
    }

    #[test]
    fn equal_content_gives_equal_bytes_that_can_be_read() {
        assert_eq!(example(), example());
        let bytes = example();
        let (description, tensors) = unseal(&bytes).unwrap();
        assert_eq!(description, "what it is");
        assert_eq!(tensors.tensor("a").unwrap().data(), [2, 3]);
        assert_eq!(tensors.tensor("b").unwrap().shape(), [4]);
    }

    #[test]
    fn no_flipped_bit_and_no_cut_passes() {
        let whole = example();
        for bit in 0..8 * whole.len() {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(unseal(&bytes).is_err(), "bit {bit}");
        }
        for cut in 0..whole.len() {
            assert!(unseal(&whole[..cut]).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn parts_of_a_digest_are_told_apart() {
        // of the empty input and of "abc" with its length, by sha256sum
        assert_eq!(digest([[0u8; 0]; 0]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_ne!(digest([&b"ab"[..], b"c"]), digest([&b"a"[..], b"bc"]));
    }

    #[test]
    fn what_begins_like_no_safetensors_file_is_not_read_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        // a hole of 10 GB
        std::fs::File::create(&path).unwrap().set_len(10_000_000_000).unwrap();
        let text = read_sealed(&path, "cannot read it").unwrap_err().to_string();
        assert!(text.contains("not a safetensors file"), "{text}");
        std::fs::write(&path, example()).unwrap();
        assert_eq!(read_sealed(&path, "cannot read it").unwrap(), example());
        std::fs::write(&path, b"short").unwrap();
        assert!(read_sealed(&path, "cannot read it").is_err());
    }
}
