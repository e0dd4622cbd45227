//! One gray image from a PNG file.

use std::io::{Cursor, ErrorKind};
use std::path::Path;

use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Limits, Transformations};

use super::MAX_SIDE;
use crate::contain::contain;
use crate::files::{self, FileError};

const WHAT: &str = "cannot read the PNG image";

/// The largest file: the largest image in the widest kind of pixels, not packed at all, and as much again for the rest.
const MOST_BYTES: u64 = 2 * 8 * (MAX_SIDE * MAX_SIDE) as u64;
/// Memory the decoder may use besides the pixels themselves.
const DECODER_BYTES: usize = 64 << 20;

/// Reads a PNG file as luminance in 0..1: the pixels row by row, the height and the width.
///
/// Gray, gray with alpha, RGB, RGBA and palette images of any bit depth are taken. Colour is
/// weighted as in Rec. 601, as most image tools do; transparent parts lie over black, the
/// background of the digits.
///
/// # Errors
///
/// When the file cannot be read, is not a whole and correct PNG file, or is larger than
/// [`MAX_SIDE`] on a side.
pub fn read_png(path: &Path) -> Result<(Vec<f32>, usize, usize), FileError> {
    let bytes = files::read(path, WHAT, MOST_BYTES)?;
    contain(|| decode(&bytes)).unwrap_or_else(|panic| Err(format!("the decoder fails on it: {panic}"))).map_err(|why| {
        FileError::new(WHAT, path, why, format!("give a PNG file of at most {MAX_SIDE}x{MAX_SIDE} pixels"))
    })
}

/// As [`read_png`], of the content of a file; the error says why.
fn decode(bytes: &[u8]) -> Result<(Vec<f32>, usize, usize), String> {
    let limits = Limits { bytes: DECODER_BYTES };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);

    let header = decoder.read_header_info().map_err(bad)?;
    let (height, width) = (side(header.height), side(header.width));
    let (Some(height), Some(width)) = (height, width) else {
        return Err(format!("it is {} pixels wide and {} high", header.width, header.height));
    };
    // Palettes are looked up here: the decoder takes any index, and panics on a palette of four bytes.
    let indexed = header.color_type == ColorType::Indexed;
    decoder.set_transformations(if indexed { Transformations::IDENTITY } else { Transformations::EXPAND });

    let mut reader = decoder.read_info().map_err(bad)?;
    let palette = if indexed { palette(reader.info())? } else { Vec::new() };
    let size = reader.output_buffer_size().ok_or("its size does not fit in memory")?;
    let mut samples = vec![0; size];
    let frame = reader.next_frame(&mut samples).map_err(bad)?;
    // The rest must be sound too, or the file was cut short after its pixels.
    reader.finish().map_err(bad)?;

    if (frame.height, frame.width) != (reader.info().height, reader.info().width) {
        return Err(format!("its first frame is {} pixels wide and {} high", frame.width, frame.height));
    }
    let pixels = if indexed {
        look_up(&samples, frame.bit_depth, (frame.line_size, width), &palette)?
    } else {
        luminance(&samples, frame.color_type, frame.bit_depth)
    };
    if pixels.len() != height * width {
        return Err(format!("it holds {} pixels instead of {width}x{height}", pixels.len()));
    }
    Ok((pixels, height, width))
}

fn bad(error: DecodingError) -> String {
    match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            "the file is empty or cut short".to_owned()
        }
        other => chunks_by_name(other.to_string().trim_end_matches('.')),
    }
}

/// A message of the decoder, with `ChunkType { type: IHDR, critical: true, ... }` as `IHDR`.
fn chunks_by_name(message: &str) -> String {
    let mut parts = message.split("ChunkType { type: ");
    let begin = parts.next().unwrap_or_default().to_owned();
    parts.fold(begin, |text, part| {
        let (kind, rest) = part.split_once(" }").unwrap_or((part, ""));
        text + kind.split(',').next().unwrap_or_default() + rest
    })
}

/// A side as `usize`, if it is within the limit.
fn side(pixels: u32) -> Option<usize> {
    usize::try_from(pixels).ok().filter(|side| (1..=MAX_SIDE).contains(side))
}

/// The luminance of every entry of the palette.
fn palette(info: &Info<'_>) -> Result<Vec<f32>, String> {
    let colours = info.palette.as_deref().unwrap_or_default();
    let (entries, rest) = colours.as_chunks();
    if entries.is_empty() || !rest.is_empty() || entries.len() > 256 {
        return Err(format!("its palette has {} bytes instead of 3 for each of 1 to 256 colours", colours.len()));
    }
    let alphas = info.trns.as_deref().unwrap_or_default();
    if alphas.len() > entries.len() {
        return Err(format!("it has {} transparencies for {} colours", alphas.len(), entries.len()));
    }
    let alphas = alphas.iter().copied().chain(std::iter::repeat(u8::MAX));
    Ok(entries.iter().zip(alphas).map(|(rgb, alpha)| luma(rgb.map(unit)) * unit(alpha)).collect())
}

/// Rows of packed indices, `line` bytes and `width` indices each, as entries of the palette.
fn look_up(rows: &[u8], depth: BitDepth, (line, width): (usize, usize), palette: &[f32]) -> Result<Vec<f32>, String> {
    let bits = depth as usize;
    let mut pixels = Vec::with_capacity(rows.len() / line.max(1) * width);
    for row in rows.chunks_exact(line.max(1)) {
        let of_byte = |&byte: &u8| (0..8).step_by(bits).map(move |at| byte << at >> (8 - bits));
        for index in row.iter().flat_map(of_byte).take(width) {
            let entry = palette.get(usize::from(index));
            let why = || format!("it uses colour {index} of a palette of {}", palette.len());
            pixels.push(*entry.ok_or_else(why)?);
        }
    }
    Ok(pixels)
}

/// One luminance per pixel, transparent parts over black. Expansion has already turned shallower depths into eight bits.
fn luminance(samples: &[u8], color: ColorType, depth: BitDepth) -> Vec<f32> {
    let bytes = if depth == BitDepth::Sixteen { 2 } else { 1 };
    let sample = |bytes: &[u8]| match *bytes {
        [high, low] => f32::from(u16::from_be_bytes([high, low])) / f32::from(u16::MAX),
        [byte] => unit(byte),
        _ => 0.0,
    };
    let pixels = samples.chunks_exact(bytes * color.samples());
    let of_pixel = |pixel: &[u8]| {
        let mut values = [0.0; 4];
        values.iter_mut().zip(pixel.chunks_exact(bytes)).for_each(|(value, bytes)| *value = sample(bytes));
        let [a, b, c, d] = values;
        match color {
            ColorType::Grayscale | ColorType::Indexed => a,
            ColorType::GrayscaleAlpha => a * b,
            ColorType::Rgb => luma([a, b, c]),
            ColorType::Rgba => luma([a, b, c]) * d,
        }
    };
    pixels.map(of_pixel).collect()
}

/// A byte scaled to 0..1.
fn unit(byte: u8) -> f32 {
    f32::from(byte) / f32::from(u8::MAX)
}

fn luma([r, g, b]: [f32; 3]) -> f32 {
    // The weights do not add up to exactly one in `f32`.
    (0.299 * r + 0.587 * g + 0.114 * b).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn png(color: ColorType, depth: BitDepth, width: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, 1);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == ColorType::Indexed {
            encoder.set_palette(vec![0, 0, 0, 255, 255, 255, 255, 0, 0]);
            encoder.set_trns(vec![255, 0, 255]);
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> Result<(Vec<f32>, usize, usize), FileError> {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("image.png");
        std::fs::write(&path, bytes).unwrap();
        read_png(&path)
    }

    #[test]
    fn every_kind_becomes_luminance() {
        use BitDepth::{Eight, One, Sixteen};
        use ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
        let cases: [(ColorType, BitDepth, &[u8], [f32; 2]); 11] = [
            (Grayscale, One, &[0b0100_0000], [0.0, 1.0]),
            (Grayscale, Eight, &[0, 51], [0.0, 0.2]),
            (Grayscale, Sixteen, &[0xff, 0xff, 0x33, 0x33], [1.0, 0.2]),
            (GrayscaleAlpha, Eight, &[255, 0, 255, 51], [0.0, 0.2]),
            (Rgb, Eight, &[255, 0, 0, 255, 255, 255], [0.299, 1.0]),
            (Rgba, Eight, &[0, 255, 0, 255, 9, 9, 9, 0], [0.587, 0.0]),
            (Rgba, Sixteen, &[0, 0, 0, 0, 255, 255, 255, 255, 9, 9, 9, 9, 9, 9, 0, 0], [0.114, 0.0]),
            (Indexed, Eight, &[1, 2], [0.0, 0.299]),
            (Indexed, BitDepth::Four, &[0x21], [0.299, 0.0]),
            (Indexed, BitDepth::Two, &[0b1000_0000], [0.299, 0.0]),
            (Indexed, One, &[0b0100_0000], [0.0, 0.0]),
        ];
        for (color, depth, data, expected) in cases {
            let (pixels, height, width) = read(&png(color, depth, 2, data)).unwrap();
            assert_eq!((height, width), (1, 2));
            for (got, want) in pixels.iter().zip(expected) {
                assert!((got - want).abs() < 1e-6, "{color:?} {depth:?}: {pixels:?}");
            }
        }
    }

    #[test]
    fn cut_and_altered_files_give_one_line() {
        let whole = png(ColorType::Grayscale, BitDepth::Eight, 3, &[1, 2, 3]);
        for cut in 0..whole.len() {
            let text = read(&whole[..cut]).unwrap_err().to_string();
            assert_eq!(text.lines().count(), 1, "{text}");
        }
        for i in 0..whole.len() {
            let mut altered = whole.clone();
            altered[i] ^= 0x40;
            // Some bytes do not matter; what counts is that none of them brings a panic.
            let _ = read(&altered);
        }
        let text = read(b"").unwrap_err().to_string();
        assert!(text.contains("empty or cut short"), "{text}");
        let text = read(&[7; 99]).unwrap_err().to_string();
        assert!(text.contains("signature"), "{text}");
    }

    #[test]
    fn colours_beyond_the_palette_are_named() {
        let text = read(&png(ColorType::Indexed, BitDepth::Eight, 2, &[1, 3])).unwrap_err().to_string();
        assert!(text.contains("uses colour 3 of a palette of 3"), "{text}");
    }

    #[test]
    fn a_huge_claim_is_refused_before_decoding() {
        let row = vec![0; MAX_SIDE + 1];
        let wide = u32::try_from(row.len()).unwrap();
        let text = read(&png(ColorType::Grayscale, BitDepth::Eight, wide, &row)).unwrap_err().to_string();
        assert!(text.contains("4097 pixels wide and 1 high"), "{text}");
    }

    #[test]
    fn folders_and_missing_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let text = read_png(folder.path()).unwrap_err().to_string();
        assert!(text.contains("not a regular file"), "{text}");
        let gone = folder.path().join("gone.png");
        let text = read_png(&gone).unwrap_err().to_string();
        assert!(text.contains("gone.png"), "{text}");
    }
}
