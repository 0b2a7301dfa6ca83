//! The memory of deduplication ids against a plain map, and its size.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::num::NonZero;

const WINDOW: u64 = limits::DEDUP_WINDOW_MS;

fn key(n: u64) -> DedupKey {
    // Spread like a digest: the multiplier is odd, so different numbers stay different.
    let bits = u128::from(n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    DedupKey(NonZero::new(bits).unwrap())
}

fn first(number: Number, at: u64) -> First {
    First { id: Uuid(u128::from(number) << 64 | 7), number, at: Timestamp(at) }
}

#[test]
fn a_repeat_finds_the_first_until_the_window_ends() {
    let mut dedup = Dedup::new(1);
    assert!(dedup.is_empty());
    assert_eq!(dedup.next_expiry(), None);
    dedup.insert(key(1), first(10, 1_000));
    assert_eq!(dedup.find(key(1), Timestamp(1_000)), Some(first(10, 1_000)));
    assert_eq!(dedup.find(key(1), Timestamp(WINDOW + 999)), Some(first(10, 1_000)));
    assert_eq!(dedup.find(key(1), Timestamp(WINDOW + 1_000)), None, "over, though not forgotten");
    assert_eq!(dedup.find(key(2), Timestamp(1_000)), None);
    assert_eq!((dedup.len(), dedup.next_expiry()), (1, Some(Timestamp(WINDOW + 1_000))));
    assert_eq!(dedup.expire(Timestamp(WINDOW + 999)), 0);
    assert_eq!(dedup.expire(Timestamp(WINDOW + 1_000)), 1);
    assert_eq!((dedup.len(), dedup.next_expiry()), (0, None));
}

#[test]
fn of_two_with_one_id_the_higher_number_counts() {
    let mut dedup = Dedup::new(1);
    dedup.insert(key(1), first(10, 0));
    dedup.insert(key(1), first(20, WINDOW));
    dedup.insert(key(1), first(10, 0));
    dedup.insert(key(1), first(20, WINDOW));
    assert_eq!(dedup.len(), 2);
    assert_eq!(dedup.find(key(1), Timestamp(WINDOW)), Some(first(20, WINDOW)));
    assert_eq!(dedup.expire(Timestamp(WINDOW)), 1, "the stale one leaves");
    assert_eq!(dedup.find(key(1), Timestamp(WINDOW)), Some(first(20, WINDOW)));
    assert_eq!(dedup.iter_live(Timestamp(WINDOW)).collect::<Vec<_>>(), [(key(1), first(20, WINDOW))]);
}

#[test]
fn an_entry_behind_a_younger_one_is_over_all_the_same() {
    let mut dedup = Dedup::new(1);
    dedup.insert(key(2), first(2, 500));
    dedup.insert(key(1), first(1, 0));
    assert_eq!(dedup.expire(Timestamp(WINDOW)), 0);
    assert_eq!(dedup.find(key(1), Timestamp(WINDOW)), None);
    assert_eq!(dedup.iter_live(Timestamp(WINDOW)).collect::<Vec<_>>(), [(key(2), first(2, 500))]);
    assert_eq!(dedup.expire(Timestamp(WINDOW + 500)), 2);
}

#[derive(Clone, Debug)]
enum Step {
    /// A new message with one of a few ids, or with one of its own.
    Insert { key: Option<u64> },
    /// Many new messages.
    Burst { messages: u64 },
    /// Something inserted before is said again.
    Repeat { nth: prop::sample::Index },
    /// Time passes; perhaps nobody expires anything.
    Pass { millis: u64 },
    /// Time passes.
    Expire { millis: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::option::weighted(0.7, 0..20u64).prop_map(|key| Step::Insert { key }),
        1 => (1..3_000u64).prop_map(|messages| Step::Burst { messages }),
        2 => any::<prop::sample::Index>().prop_map(|nth| Step::Repeat { nth }),
        2 => (0..WINDOW).prop_map(|millis| Step::Pass { millis }),
        2 => (0..WINDOW * 2).prop_map(|millis| Step::Expire { millis }),
    ]
}

/// All that was ever inserted, in order, and the highest of each id.
#[derive(Default)]
struct Model {
    said: Vec<(DedupKey, First)>,
    highest: BTreeMap<DedupKey, First>,
    now: u64,
}

impl Model {
    fn insert(&mut self, dedup: &mut Dedup, key: DedupKey, first: First) {
        self.said.push((key, first));
        let there = self.highest.entry(key).or_insert(first);
        if first.number > there.number {
            *there = first;
        }
        dedup.insert(key, first);
    }

    fn insert_new(&mut self, dedup: &mut Dedup, id: Option<u64>) {
        let number = self.said.len() as u64 + 1;
        self.insert(dedup, key(id.unwrap_or(1_000 + number)), first(number, self.now));
    }

    fn check(&self, dedup: &Dedup, removed: usize) {
        let now = Timestamp(self.now);
        let live = self.highest.iter().filter(|entry| self.now < entry.1.at.0 + WINDOW);
        let live = live.map(|(key, first)| (*key, *first)).collect::<BTreeMap<_, _>>();
        assert_eq!(dedup.iter_live(now).collect::<BTreeMap<_, _>>(), live);
        assert_eq!(dedup.iter_live(now).count(), live.len());
        for (key, first) in &self.highest {
            let found = (self.now < first.at.0 + WINDOW).then_some(*first);
            assert_eq!(dedup.find(*key, now), found);
        }
        assert!(dedup.len() >= live.len());
        assert!(dedup.len() + removed <= self.said.len());
        assert_eq!(dedup.is_empty(), dedup.next_expiry().is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn it_is_a_map_with_a_window(seed: u64, base: u32, steps in prop::collection::vec(step(), 1..40)) {
        let mut dedup = Dedup::new(seed);
        dedup.ring.base = base;
        let (mut model, mut removed) = (Model::default(), 0);
        for step in steps {
            match step {
                Step::Insert { key } => model.insert_new(&mut dedup, key),
                Step::Burst { messages } => (0..messages).for_each(|_| model.insert_new(&mut dedup, None)),
                Step::Repeat { nth } if !model.said.is_empty() => {
                    let (key, first) = model.said[nth.index(model.said.len())];
                    model.insert(&mut dedup, key, first);
                }
                Step::Repeat { .. } => {}
                Step::Pass { millis } => model.now += millis,
                Step::Expire { millis } => {
                    model.now += millis;
                    removed += dedup.expire(Timestamp(model.now));
                }
            }
            model.check(&dedup, removed);
        }
        prop_assert!(removed + dedup.len() <= model.said.len());
        dedup.expire(Timestamp(model.now + WINDOW));
        prop_assert!(dedup.is_empty());
    }
}

#[test]
fn positions_wrap_and_a_large_index_is_split() {
    let mut dedup = Dedup::new(3);
    dedup.ring.base = u32::MAX - 50_000;
    for n in 0..100_000 {
        dedup.insert(key(n), first(n, n));
        dedup.expire(Timestamp(n.saturating_sub(30_000) + WINDOW));
    }
    assert_eq!((dedup.len(), dedup.index.parts.len()), (30_000, PARTS));
    for n in 0..100_000 {
        assert_eq!(dedup.find(key(n), Timestamp(99_999)), (n >= 70_000).then_some(first(n, n)), "{n}");
    }
    dedup.expire(Timestamp(u64::MAX));
    assert_eq!((dedup.len(), dedup.index.parts.len()), (0, 1));
}

/// The promise is 64 bytes an entry; measured at every size on the way up, in a steady flow, and on
/// the way down as far as there are millions.
#[test]
fn an_entry_costs_at_most_64_bytes_at_millions() {
    const ENTRIES: u64 = 3_000_000;
    let mut dedup = Dedup::new(0x5eed);
    let within = |dedup: &Dedup| {
        let each = dedup.bytes() as f64 / dedup.len() as f64;
        assert!(each <= 64.0, "{each} bytes for each of {}", dedup.len());
    };
    for n in 0..ENTRIES {
        dedup.insert(key(n), first(n, n));
        if n >= 999_999 && n % 50_000 == 49_999 {
            within(&dedup);
        }
    }
    for n in 0..200_000 {
        dedup.insert(key(ENTRIES + n), first(ENTRIES + n, ENTRIES + n));
        dedup.expire(Timestamp(n + WINDOW));
        if n % 20_000 == 0 {
            within(&dedup);
        }
    }
    while dedup.len() > 1_000_000 {
        let at = ENTRIES + 200_000 - dedup.len() as u64;
        dedup.expire(Timestamp(at + 50_000 + WINDOW));
        within(&dedup);
    }
    assert!(dedup.find(key(ENTRIES + 1), Timestamp(ENTRIES + WINDOW)).is_some());
    dedup.expire(Timestamp(u64::MAX));
    assert!(dedup.bytes() < 512, "{} bytes for nothing", dedup.bytes());
}

#[test]
fn a_queue_with_few_ids_is_small_even_after_many() {
    let mut dedup = Dedup::new(9);
    dedup.insert(key(0), first(0, 0));
    assert!(dedup.bytes() < 512, "{} bytes for one", dedup.bytes());
    for n in 1..10_000 {
        dedup.insert(key(n), first(n, n));
    }
    dedup.expire(Timestamp(9_990 + WINDOW));
    assert_eq!(dedup.len(), 9);
    assert!(dedup.bytes() < 2_048, "{} bytes for nine", dedup.bytes());
}
