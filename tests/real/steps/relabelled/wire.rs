//! The receiving end of remote write: Snappy's block format and the few fields of a `WriteRequest` that matter here.

use std::collections::{BTreeMap, BTreeSet};

use crate::ground::{Outcome, Trouble};

use super::random::Pairs;

/// What one queue has sent: label sets as they came, by the value of their samples.
#[derive(Debug, Default, Clone)]
pub struct Sent {
    pub by_value: BTreeMap<u64, BTreeSet<Pairs>>,
}

impl Sent {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// It is not what remote write sends.
    pub fn read(body: &[u8]) -> Outcome<Sent> {
        let bytes = unpacked(body).ok_or_else(|| Trouble::new("a remote write that is not Snappy"))?;
        let mut sent = Sent::default();
        let read = fields(&bytes, &mut |field, series| match field {
            1 => sent.series(series),
            _ => Some(()),
        });
        read.ok_or_else(|| Trouble::new("a remote write that is no WriteRequest"))?;
        Ok(sent)
    }

    pub fn add(&mut self, other: Sent) {
        for (value, series) in other.by_value {
            self.by_value.entry(value).or_default().extend(series);
        }
    }

    /// The label sets that came with a value.
    pub fn with(&self, value: u64) -> impl Iterator<Item = &Pairs> {
        self.by_value.get(&value).into_iter().flatten()
    }

    fn series(&mut self, bytes: &[u8]) -> Option<()> {
        let mut labels = Pairs::new();
        let mut values = Vec::new();
        fields(bytes, &mut |field, inner| {
            match field {
                1 => {
                    let (mut name, mut value) = (String::new(), String::new());
                    fields(inner, &mut |field, text| {
                        let text = String::from_utf8(text.to_vec()).ok()?;
                        match field {
                            1 => name = text,
                            _ => value = text,
                        }
                        Some(())
                    })?;
                    labels.push((name, value));
                }
                2 => {
                    // A nought is left out.
                    let mut value = 0.0;
                    fields(inner, &mut |field, number| {
                        if field == 1 {
                            value = f64::from_le_bytes(number.try_into().ok()?);
                        }
                        Some(())
                    })?;
                    values.push(value);
                }
                _ => {}
            }
            Some(())
        })?;
        for value in values.into_iter().filter(|v| !v.is_nan() && *v >= 0.0) {
            self.by_value.entry(value as u64).or_default().insert(labels.clone());
        }
        Some(())
    }
}

/// Each field of a message with its bytes; a varint has none.
fn fields(mut bytes: &[u8], take: &mut dyn FnMut(u64, &[u8]) -> Option<()>) -> Option<()> {
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let length = match tag & 7 {
            0 => {
                varint(&mut bytes)?;
                take(tag >> 3, &[])?;
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (field, rest) = bytes.split_at_checked(length)?;
        take(tag >> 3, field)?;
        bytes = rest;
    }
    Some(())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn unpacked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(varint(&mut bytes)?).ok()?;
    let mut out: Vec<u8> = Vec::with_capacity(length);
    while let Some((tag, rest)) = bytes.split_first() {
        bytes = rest;
        let upper = usize::from(tag >> 2);
        let mut little = |width: usize| {
            let (number, rest) = bytes.split_at_checked(width)?;
            bytes = rest;
            Some(number.iter().rev().fold(0, |n, byte| n << 8 | usize::from(*byte)))
        };
        let (length, back) = match tag & 3 {
            0 => {
                let length = 1 + if upper < 60 { upper } else { little(upper - 59)? };
                let (text, rest) = bytes.split_at_checked(length)?;
                out.extend_from_slice(text);
                bytes = rest;
                continue;
            }
            1 => (4 + (upper & 7), (upper >> 3) << 8 | little(1)?),
            2 => (1 + upper, little(2)?),
            _ => (1 + upper, little(4)?),
        };
        let from = out.len().checked_sub(back).filter(|_| back > 0)?;
        // It may reach into what it writes itself.
        for at in from..from + length {
            out.push(*out.get(at)?);
        }
    }
    (out.len() == length).then_some(out)
}
