//! Colours of pictures.

use plotters::style::RGBColor;

/// Colours that colour-blind readers can tell apart.
///
/// Source: M. Okabe and K. Ito (2008), Color Universal Design.
pub(crate) const COLOURS: [RGBColor; 8] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0xF0, 0xE4, 0x42),
    RGBColor(0x33, 0x3A, 0x42),
];
