//! Data from files: labelled images (the digits compiled into the program, MNIST-style folders, PNG) and matrices (.npy).
//!
//! Files may hold anything: every reader takes regular files only, has limits that its errors state, and sets memory aside in
//! proportion to what a file holds, not to what it announces.

pub mod digits;
pub mod idx;
pub mod image;
pub mod npy;

pub use digits::digits;

/// The longest side, in pixels, an image may have: far beyond what the models take, and small
/// enough that a file cannot demand an absurd amount of memory.
pub const MAX_SIDE: usize = 4096;

/// Images of one size with their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// One row of `height * width` values in 0..1 per image, the rows one after another.
    pub pixels: Vec<f32>,
    /// The class of each image, below [`classes`](Self::classes).
    pub labels: Vec<u8>,
    /// Pixel rows per image.
    pub height: usize,
    /// Pixel columns per image.
    pub width: usize,
    /// How many classes the data set has, whether or not each occurs here.
    pub classes: usize,
}

impl Images {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The pixels of image `i`, or `None` when there is no such image.
    pub fn row(&self, i: usize) -> Option<&[f32]> {
        let size = self.height.checked_mul(self.width)?;
        let start = i.checked_mul(size)?;
        self.pixels.get(start..start.checked_add(size)?)
    }

    /// The images at `indices`, in that order and repeated where an index is. An index without an
    /// image is left out.
    pub fn select(&self, indices: &[usize]) -> Images {
        let mut pixels = Vec::new();
        let mut labels = Vec::new();
        for &i in indices {
            if let (Some(row), Some(&label)) = (self.row(i), self.labels.get(i)) {
                pixels.extend_from_slice(row);
                labels.push(label);
            }
        }
        Images { pixels, labels, ..*self }
    }
}

/// A data set parted into images to learn from and images to test on.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// What to call the data set in messages and reports.
    pub name: String,
    /// The images to learn from.
    pub train: Images,
    /// The images held out for testing.
    pub test: Images,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Images {
        Images { pixels: vec![0.0, 0.1, 1.0, 1.1, 2.0, 2.1], labels: vec![5, 6, 7], height: 1, width: 2, classes: 10 }
    }

    #[test]
    fn rows_lie_in_order() {
        let images = three();
        assert_eq!((images.len(), images.is_empty()), (3, false));
        assert_eq!(images.row(1), Some([1.0, 1.1].as_slice()));
        assert_eq!(images.row(3), None);
        assert_eq!(images.row(usize::MAX), None);
    }

    #[test]
    fn selection_reorders_repeats_and_leaves_out() {
        let picked = three().select(&[2, 0, 9, 0]);
        assert_eq!(picked.labels, [7, 5, 5]);
        assert_eq!(picked.pixels, [2.0, 2.1, 0.0, 0.1, 0.0, 0.1]);
        assert_eq!((picked.height, picked.width, picked.classes), (1, 2, 10));
        assert!(three().select(&[]).is_empty());
    }
}
