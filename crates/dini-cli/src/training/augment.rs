//! Training images moved at random, so that the model does not learn where exactly they lie.

use rand::Rng;
use rand::rngs::StdRng;

use crate::data::Images;

/// Moves every image by up to `shift` pixels in each direction, at random, with bilinear interpolation; what comes in is
/// black.
pub fn shift_at_random(images: &mut Images, shift: f64, rng: &mut StdRng) {
    let (height, width) = (images.height, images.width);
    // a black frame wide enough for every shift spares the bounds
    let frame = shift.ceil() as usize + 1;
    let stride = width + 2 * frame;
    let mut framed = vec![0.0; (height + 2 * frame) * stride];
    for image in images.pixels.chunks_exact_mut((height * width).max(1)) {
        for (y, row) in image.chunks_exact(width).enumerate() {
            let start = (y + frame) * stride + frame;
            framed[start..start + width].copy_from_slice(row);
        }
        let mut offset = || {
            let by = rng.random_range(-shift..=shift) + frame as f64;
            (by as usize, by.fract() as f32)
        };
        let ((dy, fy), (dx, fx)) = (offset(), offset());
        for (y, row) in image.chunks_exact_mut(width).enumerate() {
            let line = |y: usize| &framed[y * stride + dx..y * stride + dx + width + 1];
            let (upper, lower) = (line(y + dy), line(y + dy + 1));
            for (pixel, (u, l)) in row.iter_mut().zip(upper.windows(2).zip(lower.windows(2))) {
                let u = u[0] + fx * (u[1] - u[0]);
                let l = l[0] + fx * (l[1] - l[0]);
                *pixel = u + fy * (l - u);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_shift_keeps_what_stays_inside_and_moves_its_centre() {
        let mut pixels = vec![0.0; 9 * 9];
        pixels[4 * 9 + 4] = 1.0;
        let image = Images { pixels, labels: vec![0], height: 9, width: 9, classes: 10 };
        let mut rng = StdRng::seed_from_u64(5);
        for shift in [0.3, 1.0, 2.5] {
            let mut moved = image.clone();
            shift_at_random(&mut moved, shift, &mut rng);
            let mass: f32 = moved.pixels.iter().sum();
            assert!((mass - 1.0).abs() < 1e-6);
            let centre: f32 = moved.pixels.iter().enumerate().map(|(i, p)| (i % 9) as f32 * p).sum();
            assert!((centre - 4.0).abs() <= shift as f32 + 1e-6 && centre != 4.0);
        }
    }
}
