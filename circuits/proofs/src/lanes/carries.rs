//! One number at a time, with two chains of carries: processors with BMI2 and ADX multiply without touching the flags and add with
//! either of two, so that a row of a product and the carries of the row before go side by side (Ozturk, Guilford, Gopal, Feghali,
//! "New Instructions Supporting Large Integer Arithmetic on Intel Architecture Processors", 2012). No compiler makes use of the
//! second chain, hence assembly.
//!
//! The product is Montgomery's with radix 2^256, arkworks' own, word by word and without a limb for carries (Botrel, El Housni,
//! "Faster Montgomery multiplication and Multi-Scalar-Multiplication for SNARKs", TCHES 2023). Factors may be below 2·p: four times
//! the modulus is below 2^256, and the product of numbers below α·p and β·p is then below (1 + αβ/4)·p, which is at most 2·p.
//! Sums and differences do without branches, which nobody could predict.

use std::arch::asm;

use ark_bn254::{Fq2, FqConfig};
use ark_ff::fields::models::fp::{Fp, MontBackend};
use ark_ff::{BigInt, MontConfig};

/// A field element of arkworks.
type Element<C> = Fp<MontBackend<C, 4>, 4>;

/// That the processor has BMI2 and ADX.
#[derive(Clone, Copy, Debug)]
pub struct Carries(());

/// The modulus, and −1/p mod 2^64 behind it.
struct Modulus<C>(C);

impl<C: MontConfig<4>> Modulus<C> {
    const LIMBS: [u64; 5] = {
        let [p0, p1, p2, p3] = C::MODULUS.0;
        assert!(p3 < 1 << 62, "factors may be below 2·p");
        [p0, p1, p2, p3, C::INV]
    };
}

/// a times the lowest limb of b, in t0 to t3 and the limb named.
macro_rules! first_row {
    ($top:literal) => {
        concat!(
            "xor {low:e}, {low:e}\n",
            "mov rdx, [{b}]\n",
            "mulx {t1}, {t0}, [{a}]\n",
            "mulx {t2}, {low}, [{a} + 8]\n",
            "adox {t1}, {low}\n",
            "mulx {t3}, {low}, [{a} + 16]\n",
            "adox {t2}, {low}\n",
            "mulx ",
            $top,
            ", {low}, [{a} + 24]\n",
            "adox {t3}, {low}\n",
            "mov {low:e}, 0\n",
            "adox ",
            $top,
            ", {low}\n",
        )
    };
}

/// Adds a times the limb of b at an offset in bytes to the four limbs named, and a fifth one.
macro_rules! add_row {
    ($offset:literal, $t0:literal, $t1:literal, $t2:literal, $t3:literal, $t4:literal) => {
        concat!(
            "xor {low:e}, {low:e}\n",
            "mov rdx, [{b} + ",
            $offset,
            "]\n",
            "mulx ",
            $t4,
            ", {low}, [{a}]\n",
            "adox ",
            $t0,
            ", {low}\n",
            "adcx ",
            $t1,
            ", ",
            $t4,
            "\n",
            "mulx ",
            $t4,
            ", {low}, [{a} + 8]\n",
            "adox ",
            $t1,
            ", {low}\n",
            "adcx ",
            $t2,
            ", ",
            $t4,
            "\n",
            "mulx ",
            $t4,
            ", {low}, [{a} + 16]\n",
            "adox ",
            $t2,
            ", {low}\n",
            "adcx ",
            $t3,
            ", ",
            $t4,
            "\n",
            "mulx ",
            $t4,
            ", {low}, [{a} + 24]\n",
            "adox ",
            $t3,
            ", {low}\n",
            "mov {low:e}, 0\n",
            "adcx ",
            $t4,
            ", {low}\n",
            "adox ",
            $t4,
            ", {low}\n",
        )
    };
}

/// Adds a multiple of p that makes the lowest limb zero, and moves all one limb down.
macro_rules! reduce_row {
    () => {
        concat!(
            "mov rdx, [{p} + 32]\n",
            "imul rdx, {t0}\n",
            "xor {low:e}, {low:e}\n",
            "mulx {high}, {low}, [{p}]\n",
            "adcx {low}, {t0}\n",
            "mov {t0}, {high}\n",
            "adcx {t0}, {t1}\n",
            "mulx {t1}, {low}, [{p} + 8]\n",
            "adox {t0}, {low}\n",
            "adcx {t1}, {t2}\n",
            "mulx {t2}, {low}, [{p} + 16]\n",
            "adox {t1}, {low}\n",
            "adcx {t2}, {t3}\n",
            "mulx {t3}, {low}, [{p} + 24]\n",
            "adox {t2}, {low}\n",
            "mov {low:e}, 0\n",
            "adcx {t3}, {low}\n",
            "adox {t3}, {h}\n",
        )
    };
}

impl Carries {
    /// The token, where the processor has the instructions.
    pub fn detected() -> Option<Self> {
        (is_x86_feature_detected!("bmi2") && is_x86_feature_detected!("adx")).then_some(Self(()))
    }

    /// a·b.
    #[inline(always)]
    pub fn product<C: MontConfig<4>>(self, a: &Element<C>, b: &Element<C>) -> Element<C> {
        self.multiplied::<C>(&a.0.0, &b.0.0)
    }

    /// a + b.
    #[inline(always)]
    pub fn sum<C: MontConfig<4>>(self, a: &Element<C>, b: &Element<C>) -> Element<C> {
        once_less::<C>(added(&a.0.0, &b.0.0))
    }

    /// a − b.
    #[inline(always)]
    pub fn difference<C: MontConfig<4>>(self, a: &Element<C>, b: &Element<C>) -> Element<C> {
        let (limbs, borrow) = subtracted(&a.0.0, &b.0.0, false);
        Fp::new_unchecked(BigInt(added(&limbs, &masked::<C>(borrow))))
    }

    /// a·b in Fq2 (Karatsuba), each coefficient reduced once.
    #[inline(always)]
    pub fn quadratic_product(self, a: &Fq2, b: &Fq2) -> Fq2 {
        let (first, second) = (self.wide(&a.c0.0.0, &b.c0.0.0), self.wide(&a.c1.0.0, &b.c1.0.0));
        let (a, b) = (added(&a.c0.0.0, &a.c1.0.0), added(&b.c0.0.0, &b.c1.0.0));
        let (both, _) = subtracted_wide(&self.wide(&a, &b), &first);
        let (cross, _) = subtracted_wide(&both, &second);
        // Where it is negative, p·2^256 more.
        let ([low, high], borrow) = subtracted_wide(&first, &second);
        let high = added(&high, &masked::<FqConfig>(borrow));
        Fq2::new(self.reduced::<FqConfig>([low, high]), self.reduced::<FqConfig>(cross))
    }

    /// a² in Fq2.
    #[inline(always)]
    pub fn quadratic_square(self, a: &Fq2) -> Fq2 {
        let sum = added(&a.c0.0.0, &a.c1.0.0);
        let difference = self.difference(&a.c0, &a.c1);
        let twice = added(&a.c0.0.0, &a.c0.0.0);
        Fq2::new(
            self.multiplied::<FqConfig>(&sum, &difference.0.0),
            self.multiplied::<FqConfig>(&twice, &a.c1.0.0),
        )
    }

    /// The product of numbers below 2·p.
    #[inline(always)]
    fn multiplied<C: MontConfig<4>>(self, a: &[u64; 4], b: &[u64; 4]) -> Element<C> {
        let p: &'static [u64; 5] = &Modulus::<C>::LIMBS;
        let (t0, t1, t2, t3): (u64, u64, u64, u64);
        // SAFETY: the token shows that the processor has the instructions. What is read are four limbs behind `a` and `b` and five
        // behind `p`; nothing is written but registers and flags.
        unsafe {
            asm!(
                first_row!("{h}"),
                reduce_row!(),
                add_row!("8", "{t0}", "{t1}", "{t2}", "{t3}", "{h}"),
                reduce_row!(),
                add_row!("16", "{t0}", "{t1}", "{t2}", "{t3}", "{h}"),
                reduce_row!(),
                add_row!("24", "{t0}", "{t1}", "{t2}", "{t3}", "{h}"),
                reduce_row!(),
                a = in(reg) a.as_ptr(),
                b = in(reg) b.as_ptr(),
                p = in(reg) p.as_ptr(),
                low = out(reg) _,
                high = out(reg) _,
                h = out(reg) _,
                t0 = out(reg) t0,
                t1 = out(reg) t1,
                t2 = out(reg) t2,
                t3 = out(reg) t3,
                out("rdx") _,
                options(nostack, pure, readonly),
            );
        }
        once_less::<C>([t0, t1, t2, t3])
    }

    /// a·b, the low limbs first.
    #[inline(always)]
    fn wide(self, a: &[u64; 4], b: &[u64; 4]) -> [[u64; 4]; 2] {
        let (t0, t1, t2, t3): (u64, u64, u64, u64);
        let (t4, t5, t6, t7): (u64, u64, u64, u64);
        // SAFETY: the token shows that the processor has the instructions. What is read are four limbs behind `a` and `b`; nothing
        // is written but registers and flags.
        unsafe {
            asm!(
                first_row!("{t4}"),
                add_row!("8", "{t1}", "{t2}", "{t3}", "{t4}", "{t5}"),
                add_row!("16", "{t2}", "{t3}", "{t4}", "{t5}", "{t6}"),
                add_row!("24", "{t3}", "{t4}", "{t5}", "{t6}", "{t7}"),
                a = in(reg) a.as_ptr(),
                b = in(reg) b.as_ptr(),
                low = out(reg) _,
                t0 = out(reg) t0,
                t1 = out(reg) t1,
                t2 = out(reg) t2,
                t3 = out(reg) t3,
                t4 = out(reg) t4,
                t5 = out(reg) t5,
                t6 = out(reg) t6,
                t7 = out(reg) t7,
                out("rdx") _,
                options(nostack, pure, readonly),
            );
        }
        [[t0, t1, t2, t3], [t4, t5, t6, t7]]
    }

    /// The residue of a number below p·2^256, over 2^256.
    #[inline(always)]
    fn reduced<C: MontConfig<4>>(self, [[mut t0, mut t1, mut t2, mut t3], high]: [[u64; 4]; 2]) -> Element<C> {
        let p: &'static [u64; 5] = &Modulus::<C>::LIMBS;
        // SAFETY: as above, with five limbs behind `p`.
        unsafe {
            asm!(
                "xor {h:e}, {h:e}",
                reduce_row!(),
                reduce_row!(),
                reduce_row!(),
                reduce_row!(),
                p = in(reg) p.as_ptr(),
                low = out(reg) _,
                high = out(reg) _,
                h = out(reg) _,
                t0 = inout(reg) t0,
                t1 = inout(reg) t1,
                t2 = inout(reg) t2,
                t3 = inout(reg) t3,
                out("rdx") _,
                options(nostack, pure, readonly),
            );
        }
        // At most p from the low limbs, and less than p from the high ones.
        once_less::<C>(added(&[t0, t1, t2, t3], &high))
    }
}

/// The residue of a number below 2·p.
#[inline(always)]
fn once_less<C: MontConfig<4>>(limbs: [u64; 4]) -> Element<C> {
    let (less, borrow) = subtracted(&limbs, &C::MODULUS.0, false);
    let mask = 0u64.wrapping_sub(u64::from(borrow));
    let chosen = |i: usize| less[i] ^ ((less[i] ^ limbs[i]) & mask);
    Fp::new_unchecked(BigInt([chosen(0), chosen(1), chosen(2), chosen(3)]))
}

/// a + b, modulo 2^256.
#[inline(always)]
fn added(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let (s0, carry) = add_limb(a[0], b[0], false);
    let (s1, carry) = add_limb(a[1], b[1], carry);
    let (s2, carry) = add_limb(a[2], b[2], carry);
    let (s3, _) = add_limb(a[3], b[3], carry);
    [s0, s1, s2, s3]
}

/// a − b − borrow modulo 2^256, and whether it is negative.
#[inline(always)]
fn subtracted(a: &[u64; 4], b: &[u64; 4], borrow: bool) -> ([u64; 4], bool) {
    let (d0, borrow) = subtract_limb(a[0], b[0], borrow);
    let (d1, borrow) = subtract_limb(a[1], b[1], borrow);
    let (d2, borrow) = subtract_limb(a[2], b[2], borrow);
    let (d3, borrow) = subtract_limb(a[3], b[3], borrow);
    ([d0, d1, d2, d3], borrow)
}

/// a + b + carry, and the next carry.
#[inline(always)]
fn add_limb(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let (sum, one) = a.overflowing_add(b);
    let (sum, two) = sum.overflowing_add(u64::from(carry));
    (sum, one | two)
}

/// a − b − borrow, and the next borrow.
#[inline(always)]
fn subtract_limb(a: u64, b: u64, borrow: bool) -> (u64, bool) {
    let (difference, one) = a.overflowing_sub(b);
    let (difference, two) = difference.overflowing_sub(u64::from(borrow));
    (difference, one | two)
}

/// a − b modulo 2^512, and whether it is negative.
#[inline(always)]
fn subtracted_wide(a: &[[u64; 4]; 2], b: &[[u64; 4]; 2]) -> ([[u64; 4]; 2], bool) {
    let (low, borrow) = subtracted(&a[0], &b[0], false);
    let (high, borrow) = subtracted(&a[1], &b[1], borrow);
    ([low, high], borrow)
}

/// p or 0.
#[inline(always)]
fn masked<C: MontConfig<4>>(chosen: bool) -> [u64; 4] {
    let mask = 0u64.wrapping_sub(u64::from(chosen));
    let [p0, p1, p2, p3] = C::MODULUS.0;
    [p0 & mask, p1 & mask, p2 & mask, p3 & mask]
}

#[cfg(test)]
mod tests;
