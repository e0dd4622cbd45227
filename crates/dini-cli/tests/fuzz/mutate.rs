//! Changes of bytes that know nothing of their format.

use rand::Rng;
use rand::rngs::StdRng;

/// Numbers at which programs go wrong.
const EDGES: [u64; 14] =
    [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 63, u64::MAX];

/// `bytes` with one change.
pub fn bytes(mut bytes: Vec<u8>, corpus: &[Vec<u8>], rng: &mut StdRng) -> Vec<u8> {
    let length = bytes.len();
    if length == 0 {
        return (0..rng.random_range(1..40)).map(|_| rng.random()).collect();
    }
    let at = rng.random_range(0..length);
    // ranges are mostly short
    let most = if rng.random_bool(0.8) { 8 } else { length };
    let part = at..length.min(at + rng.random_range(1..=most));
    match rng.random_range(0..10) {
        0 | 1 => bytes[at] ^= 1 << rng.random_range(0..8),
        2 => bytes[at] = rng.random(),
        3 => bytes[at] = bytes[at].wrapping_add(if rng.random() { 1 } else { 255 }),
        4 => {
            let edge = EDGES[rng.random_range(0..EDGES.len())];
            let width = 1 << rng.random_range(0..4);
            let edge = if rng.random() {
                edge.to_le_bytes()[..width].to_vec()
            } else {
                edge.to_be_bytes()[8 - width..].to_vec()
            };
            bytes[at..].iter_mut().zip(edge).for_each(|(byte, edge)| *byte = edge);
        }
        5 => bytes.truncate(at),
        6 => drop(bytes.drain(part)),
        7 => {
            let copy = bytes[part].to_vec();
            bytes.splice(at..at, copy);
        }
        8 => {
            let new: Vec<u8> = (0..part.len()).map(|_| rng.random()).collect();
            bytes.splice(at..at, new);
        }
        _ => {
            let other = &corpus[rng.random_range(0..corpus.len())];
            let from = rng.random_range(0..=other.len());
            bytes.truncate(at);
            bytes.extend(&other[from..]);
        }
    }
    bytes
}
