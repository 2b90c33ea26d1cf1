//! Whole numbers, texts, lists and sparse vectors as bytes.

use crate::catalogue::POLICY_BYTES;
use crate::refusal::Refusal;

/// Bytes being written.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.raw(&value.to_be_bytes());
    }

    pub(super) fn flag(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.u32(text.len() as u32);
        self.raw(text.as_bytes());
    }

    /// The index of a value in the list of all its possible values.
    pub(super) fn choice<T: PartialEq>(&mut self, all: &[T], value: T) {
        self.u8(all.iter().position(|v| *v == value).unwrap_or(usize::from(u8::MAX)) as u8);
    }

    pub(super) fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.u32(items.len() as u32);
        for item in items {
            write(self, item);
        }
    }

    pub(super) fn sparse(&mut self, values: &[i64]) {
        self.u8(values.iter().filter(|v| **v != 0).count() as u8);
        for (index, value) in values.iter().enumerate().filter(|(_, v)| **v != 0) {
            self.u8(index as u8);
            self.raw(&value.to_be_bytes());
        }
    }
}

/// Bytes being read.
pub(super) struct Reader<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
}

impl<'b> Reader<'b> {
    pub(super) fn wrong(&self, what: &str) -> Refusal {
        Refusal::new(&POLICY_BYTES, what).at(format!("byte {}", self.at))
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'b [u8], Refusal> {
        let end = self.at.checked_add(count);
        let taken = end
            .and_then(|end| self.bytes.get(self.at..end))
            .ok_or_else(|| self.wrong("the bytes end too early"))?;
        self.at += count;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Refusal> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Refusal> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Refusal> {
        self.choice(&[false, true])
    }

    pub(super) fn choice<T: Copy>(&mut self, all: &[T]) -> Result<T, Refusal> {
        let index = self.u8()?;
        all.get(usize::from(index))
            .copied()
            .ok_or_else(|| self.wrong(&format!("the unknown choice {index}")))
    }

    pub(super) fn text(&mut self, bytes_max: usize) -> Result<String, Refusal> {
        let length = self.u32()? as usize;
        if length > bytes_max {
            return Err(self
                .wrong(&format!("a text of {length} bytes"))
                .expected(format!("at most {bytes_max}")));
        }
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|_| self.wrong("a text is not UTF-8"))
    }

    pub(super) fn list<T>(
        &mut self,
        items_max: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        let count = self.u32()? as usize;
        if count > items_max {
            return Err(self
                .wrong(&format!("a list of {count} items"))
                .expected(format!("at most {items_max}")));
        }
        (0..count).map(|_| read(self)).collect()
    }

    pub(super) fn sparse<const N: usize>(&mut self) -> Result<[i64; N], Refusal> {
        let mut values = [0; N];
        let mut next = 0;
        for _ in 0..self.u8()? {
            let index = usize::from(self.u8()?);
            let value = i64::from_be_bytes(self.array()?);
            if index < next || value == 0 {
                return Err(self.wrong("a sparse list is out of order or holds a zero"));
            }
            next = index + 1;
            *values
                .get_mut(index)
                .ok_or_else(|| self.wrong(&format!("the index {index}")))? = value;
        }
        Ok(values)
    }
}
