//! One gray image from a PNG file.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

use super::MAX_SIDE;
use crate::files::FileError;

const WHAT: &str = "cannot read the PNG image";

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
    let reject = |why: String| {
        FileError::new(WHAT, path, why, format!("give a PNG file of at most {MAX_SIDE}x{MAX_SIDE} pixels"))
    };
    let bad = |error: DecodingError| match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            reject("the file is empty or cut short".to_owned())
        }
        DecodingError::IoError(error) => FileError::io(WHAT, path, &error),
        other => reject(other.to_string().trim_end_matches('.').to_owned()),
    };

    let meta = std::fs::metadata(path).map_err(|error| FileError::io(WHAT, path, &error))?;
    if !meta.is_file() {
        return Err(reject("this is not a file".to_owned()));
    }
    let file = File::open(path).map_err(|error| FileError::io(WHAT, path, &error))?;
    let limits = Limits { bytes: DECODER_BYTES };
    let mut decoder = Decoder::new_with_limits(BufReader::new(file), limits);
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);

    let header = decoder.read_header_info().map_err(bad)?;
    let (height, width) = (side(header.height), side(header.width));
    let (Some(height), Some(width)) = (height, width) else {
        return Err(reject(format!("it is {} pixels wide and {} high", header.width, header.height)));
    };

    let mut reader = decoder.read_info().map_err(bad)?;
    let size = reader.output_buffer_size().ok_or_else(|| reject("its size does not fit in memory".to_owned()))?;
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).map_err(bad)?;
    // The rest must be sound too, or the file was cut short after its pixels.
    reader.finish().map_err(bad)?;

    let samples = samples(&bytes, frame.bit_depth);
    let pixels = luminance(&samples, frame.color_type);
    if pixels.len() != height * width {
        return Err(reject(format!("it holds {} pixels instead of {width}x{height}", pixels.len())));
    }
    Ok((pixels, height, width))
}

/// A side as `usize`, if it is within the limit.
fn side(pixels: u32) -> Option<usize> {
    usize::try_from(pixels).ok().filter(|side| (1..=MAX_SIDE).contains(side))
}

/// Every sample scaled to 0..1. Expansion has already turned shallower depths into eight bits.
fn samples(bytes: &[u8], depth: BitDepth) -> Vec<f32> {
    if depth == BitDepth::Sixteen {
        let (pairs, _) = bytes.as_chunks();
        pairs.iter().map(|&pair| f32::from(u16::from_be_bytes(pair)) / f32::from(u16::MAX)).collect()
    } else {
        bytes.iter().map(|&byte| f32::from(byte) / f32::from(u8::MAX)).collect()
    }
}

/// One luminance per pixel, transparent parts over black.
fn luminance(samples: &[f32], color: ColorType) -> Vec<f32> {
    match color {
        // Expansion has replaced palette indices by colours.
        ColorType::Grayscale | ColorType::Indexed => samples.to_vec(),
        ColorType::GrayscaleAlpha => {
            let (pixels, _) = samples.as_chunks();
            pixels.iter().map(|&[gray, alpha]| gray * alpha).collect()
        }
        ColorType::Rgb => {
            let (pixels, _) = samples.as_chunks();
            pixels.iter().map(|&rgb| luma(rgb)).collect()
        }
        ColorType::Rgba => {
            let (pixels, _) = samples.as_chunks();
            pixels.iter().map(|&[r, g, b, alpha]| luma([r, g, b]) * alpha).collect()
        }
    }
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
        let cases: [(ColorType, BitDepth, &[u8], [f32; 2]); 8] = [
            (Grayscale, One, &[0b0100_0000], [0.0, 1.0]),
            (Grayscale, Eight, &[0, 51], [0.0, 0.2]),
            (Grayscale, Sixteen, &[0xff, 0xff, 0x33, 0x33], [1.0, 0.2]),
            (GrayscaleAlpha, Eight, &[255, 0, 255, 51], [0.0, 0.2]),
            (Rgb, Eight, &[255, 0, 0, 255, 255, 255], [0.299, 1.0]),
            (Rgba, Eight, &[0, 255, 0, 255, 9, 9, 9, 0], [0.587, 0.0]),
            (Rgba, Sixteen, &[0, 0, 0, 0, 255, 255, 255, 255, 9, 9, 9, 9, 9, 9, 0, 0], [0.114, 0.0]),
            (Indexed, Eight, &[1, 2], [0.0, 0.299]),
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
        assert!(text.contains("not a file"), "{text}");
        let gone = folder.path().join("gone.png");
        let text = read_png(&gone).unwrap_err().to_string();
        assert!(text.contains("gone.png"), "{text}");
    }
}
