//! Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011).

const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// The most counters worked on together: their words and numbers stay in the nearest cache.
pub(super) const LANES: usize = 64;

/// Random words, `words[w][lane]` being the w-th of a counter's four.
pub(super) type Words = [[u32; LANES]; 4];

/// The words of `lanes` counters, at most [`LANES`], which differ in their first word: `counter[0] + lane`.
///
/// A lane is one turn of the outer loop, so the compiler gives each of its variables a vector of lanes. Words are kept in
/// 64 bits, of which the lower half counts: the form in which vector units multiply 32 bits by 32.
#[inline(always)]
pub(super) fn philox(key: [u32; 2], counter: [u32; 4], lanes: usize, words: &mut Words) {
    let mut keys = [[0; 2]; ROUNDS];
    for (round, keys) in keys.iter_mut().enumerate() {
        let weyl = WEYL.map(|weyl| weyl.wrapping_mul(round as u32));
        *keys = [u64::from(key[0].wrapping_add(weyl[0])), u64::from(key[1].wrapping_add(weyl[1]))];
    }
    let [_, c1, c2, c3] = counter.map(u64::from);
    for lane in 0..lanes.min(LANES) {
        let first = u64::from(counter[0].wrapping_add(lane as u32));
        let block = keys.iter().fold([first, c1, c2, c3], |block, &keys| round(block, keys));
        for (words, word) in words.iter_mut().zip(block) {
            words[lane] = word as u32;
        }
    }
}

#[inline(always)]
fn round([c0, c1, c2, c3]: [u64; 4], [k0, k1]: [u64; 2]) -> [u64; 4] {
    const LOW: u64 = 0xFFFF_FFFF;
    let p0 = MULTIPLIERS[0] * (c0 & LOW);
    let p1 = MULTIPLIERS[1] * (c2 & LOW);
    [(p1 >> 32) ^ c1 ^ k0, p1, (p0 >> 32) ^ c3 ^ k1, p0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
        let mut words = [[0; LANES]; 4];
        philox(key, counter, 1, &mut words);
        words.map(|words| words[0])
    }

    #[test]
    fn philox_gives_the_published_known_answers() {
        assert_eq!(block([0; 2], [0; 4]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(block([u32::MAX; 2], [u32::MAX; 4]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            block([0xa409_3822, 0x299f_31d0], [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn a_lane_is_its_counter_alone() {
        let mut words = [[0; LANES]; 4];
        philox([3, 4], [u32::MAX - 5, 6, 7, 8], LANES, &mut words);
        for lane in 0..LANES {
            let first = (u32::MAX - 5).wrapping_add(lane as u32);
            assert_eq!(words.map(|words| words[lane]), block([3, 4], [first, 6, 7, 8]));
        }
    }
}
