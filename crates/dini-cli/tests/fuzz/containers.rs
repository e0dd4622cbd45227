//! Changes inside of gzip, PNG and sealed files, with checksums that hold: a wrong one would be all that a reader sees.

use std::io::{Read, Write};

use dini_cli::files::{seal, unseal};
use flate2::Compression;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use rand::Rng;
use rand::rngs::StdRng;
use safetensors::tensor::{Dtype, TensorView};

use crate::mutate;

/// What is unpacked of a file at most.
const MOST: u64 = 1 << 20;
const GZIP_HEADER: usize = 10;
const PNG_SIGNATURE: usize = 8;

/// Changes the file, its packed data or what they unpack to.
pub fn gzip(bytes: Vec<u8>, corpus: &[Vec<u8>], rng: &mut StdRng) -> Vec<u8> {
    match rng.random_range(0..3) {
        0 => mutate::bytes(bytes, corpus, rng),
        1 => {
            let plain = mutate::bytes(unpacked(MultiGzDecoder::new(bytes.as_slice())), corpus, rng);
            let mut encoder = GzEncoder::new(Vec::new(), Compression::new(rng.random_range(0..10)));
            encoder.write_all(&plain).expect("memory");
            encoder.finish().expect("memory")
        }
        _ => {
            let mut bytes = mutate::bytes(bytes, corpus, rng);
            repair_gzip(&mut bytes);
            bytes
        }
    }
}

/// What comes out, as far as it does.
fn unpacked(reader: impl Read) -> Vec<u8> {
    let mut plain = Vec::new();
    // what is damaged gives what comes before the damage
    let _ = reader.take(MOST).read_to_end(&mut plain);
    plain
}

/// Writes the checksum and the length of the first member behind it.
fn repair_gzip(bytes: &mut Vec<u8>) {
    let Some(packed) = bytes.get(GZIP_HEADER..) else { return };
    let mut decoder = DeflateDecoder::new(packed);
    let plain = unpacked(&mut decoder);
    let end = GZIP_HEADER + decoder.total_in() as usize;
    let trailer = [checksum(&plain).to_le_bytes(), (plain.len() as u32).to_le_bytes()].concat();
    let rest = bytes.len().min(end + trailer.len());
    bytes.splice(end..rest, trailer);
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Changes the file, one of its chunks, their order, or the pixels.
pub fn png(bytes: Vec<u8>, corpus: &[Vec<u8>], rng: &mut StdRng) -> Vec<u8> {
    let mut chunks = chunks(&bytes);
    if chunks.is_empty() || rng.random_bool(0.1) {
        return mutate::bytes(bytes, corpus, rng);
    }
    let at = rng.random_range(0..chunks.len());
    match rng.random_range(0..10) {
        0 => drop(chunks.remove(at)),
        1 => chunks.insert(at, chunks[at].clone()),
        2 => {
            let other = rng.random_range(0..chunks.len());
            chunks.swap(at, other);
        }
        3 => {
            // a chunk of another file, perhaps under the name of this one
            let others = self::chunks(&corpus[rng.random_range(0..corpus.len())]);
            if !others.is_empty() {
                let mut other = others[rng.random_range(0..others.len())].clone();
                if rng.random() {
                    other.kind = chunks[at].kind;
                }
                chunks[at] = other;
            }
        }
        4..7 => {
            let packed: Vec<u8> = chunks.iter().filter(|c| &c.kind == b"IDAT").flat_map(|c| c.data.clone()).collect();
            let plain = mutate::bytes(unpacked(ZlibDecoder::new(packed.as_slice())), corpus, rng);
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(rng.random_range(0..10)));
            encoder.write_all(&plain).expect("memory");
            let first = chunks.iter().position(|c| &c.kind == b"IDAT").unwrap_or(at);
            chunks.retain(|c| &c.kind != b"IDAT");
            let data = encoder.finish().expect("memory");
            chunks.insert(first.min(chunks.len()), Chunk { kind: *b"IDAT", data });
        }
        _ => {
            let data: Vec<Vec<u8>> = chunks.iter().map(|c| c.data.clone()).collect();
            chunks[at].data = mutate::bytes(std::mem::take(&mut chunks[at].data), &data, rng);
        }
    }
    let mut out = bytes[..PNG_SIGNATURE].to_vec();
    for Chunk { kind, data } in chunks {
        out.extend((data.len() as u32).to_be_bytes());
        let body = [&kind[..], &data].concat();
        out.extend(&body);
        out.extend(checksum(&body).to_be_bytes());
    }
    out
}

/// A piece of a PNG file.
#[derive(Clone)]
struct Chunk {
    kind: [u8; 4],
    data: Vec<u8>,
}

/// The chunks of a file, up to the first that is not whole.
fn chunks(bytes: &[u8]) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut rest = bytes.get(PNG_SIGNATURE..).unwrap_or_default();
    while let Some((&length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(length) as usize;
        let Some((&kind, after)) = after.split_first_chunk::<4>() else { break };
        let Some(data) = after.get(..length) else { break };
        chunks.push(Chunk { kind, data: data.to_vec() });
        rest = after.get(length + 4..).unwrap_or_default();
    }
    chunks
}

#[test]
fn repaired_files_have_the_right_checksums() {
    let seed = |reader: &str, name: &str| std::fs::read(crate::seeds::folder(reader).join(name)).expect("a seed");
    let whole = seed("gzip", "good-two-images");
    let mut damaged = whole.clone();
    let end = damaged.len();
    damaged[end - 8..].fill(7);
    repair_gzip(&mut damaged);
    assert_eq!(damaged, whole);
    let kinds: Vec<[u8; 4]> = chunks(&seed("png", "good-gray")).iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [*b"IHDR", *b"IDAT", *b"IEND"]);
}

/// Tensors with a checksum: mostly what they hold is changed and the checksum made again, so that more than it is tested.
pub fn sealed(bytes: Vec<u8>, corpus: &[Vec<u8>], rng: &mut StdRng) -> Vec<u8> {
    let Some((description, tensors)) = unseal(&bytes).ok().filter(|_| rng.random_bool(0.9)) else {
        return mutate::bytes(bytes, corpus, rng);
    };
    let mut description = description.into_bytes();
    let mut parts: Vec<_> =
        tensors.iter().map(|(n, t)| (n.to_owned(), t.dtype(), t.shape().to_vec(), t.data().to_vec())).collect();
    match rng.random_range(0..=parts.len()) {
        k if k < parts.len() => {
            let (_, dtype, shape, data) = &mut parts[k];
            let length = data.len();
            *data = mutate::bytes(std::mem::take(data), corpus, rng);
            // bytes may be of any number; of numbers there must be as many as the shape says
            if *dtype == Dtype::U8 { *shape = vec![data.len()] } else { data.resize(length, 0) }
        }
        _ => description = mutate::bytes(description, corpus, rng),
    }
    let views: Option<Vec<_>> = parts
        .iter()
        .map(|(n, dtype, shape, data)| Some((n.as_str(), TensorView::new(*dtype, shape.clone(), data).ok()?)))
        .collect();
    let description = String::from_utf8_lossy(&description);
    views.and_then(|views| seal(&views, &description).ok()).unwrap_or(bytes)
}
