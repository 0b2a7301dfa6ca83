//! Look-ups by a resolver that counts, and that is slow or fails when told to.

use super::*;
use std::ops::Range;
use std::sync::Condvar;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::sleep;
use tokio::task::JoinSet;

fn here() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Remembers for a shorter time.
fn names(resolve: Resolve) -> Arc<Names> {
    let times = Times { remembered: Duration::from_millis(300), ..TIMES };
    Arc::new(Names { times, ..Names::new(resolve) })
}

/// Is less patient, too.
fn hasty(resolve: Resolve) -> Arc<Names> {
    let times = Times {
        remembered: Duration::from_millis(10),
        late: Duration::from_millis(100),
        waiting: Duration::from_millis(1_500),
    };
    Arc::new(Names { times, ..Names::new(resolve) })
}

/// A server that does not answer until it is told to. Dropping this tells it to: no runtime ends before its threads.
struct Silence(&'static Hold);

struct Hold {
    /// Who is being looked up, ever was, and whether there are answers.
    state: Mutex<(usize, usize, bool)>,
    changed: Condvar,
}

impl Hold {
    const fn new() -> Hold {
        Hold { state: Mutex::new((0, 0, false)), changed: Condvar::new() }
    }

    fn hang(&self) {
        let mut state = self.state.lock().unwrap();
        (state.0, state.1) = (state.0 + 1, state.1 + 1);
        state = self.changed.wait_while(state, |state| !state.2).unwrap();
        state.0 -= 1;
    }

    fn answering(&self, answers: bool) {
        self.state.lock().unwrap().2 = answers;
        self.changed.notify_all();
    }

    /// Waits until so many threads hang.
    async fn hanging(&self, count: usize) {
        let bound = Instant::now() + Duration::from_secs(20);
        while self.state.lock().unwrap().0 != count {
            assert!(Instant::now() < bound, "{:?}", self.state.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        self.0.answering(true);
    }
}

/// Looks many names up, all of whose servers hang.
fn look_up_silent(names: &Arc<Names>, which: Range<usize>) -> JoinSet<Result<(), String>> {
    let mut waiting = JoinSet::new();
    for number in which {
        let names = names.clone();
        waiting.spawn(async move {
            let found = names.look_up(&format!("silent-{number}")).await;
            found.map(drop).map_err(|failure| failure.detail)
        });
    }
    waiting
}

/// The next look-up to end.
async fn ended(waiting: &mut JoinSet<Result<(), String>>) -> Result<(), String> {
    let next = timeout(Duration::from_secs(20), waiting.join_next()).await.unwrap();
    next.unwrap().unwrap()
}

/// Waits until all of these are suspects, or none is.
async fn suspected(names: &Names, which: Range<usize>, expected: bool) {
    let bound = Instant::now() + Duration::from_secs(20);
    for number in which {
        while names.suspects().contains(&*format!("silent-{number}")) != expected {
            assert!(Instant::now() < bound, "{number}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn answer_unless_silent(hold: &Hold, name: &str) -> io::Result<Vec<SocketAddr>> {
    if name.starts_with("silent") {
        hold.hang();
    }
    Ok(vec![here()])
}

#[tokio::test]
async fn a_name_is_looked_up_once_for_all_who_ask() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let names = names(|_| {
        ASKED.fetch_add(1, SeqCst);
        sleep(Duration::from_millis(50));
        Ok(vec![here()])
    });
    let (a, b) = tokio::join!(names.look_up("a"), names.look_up("a"));
    assert_eq!((&*a.unwrap(), &*b.unwrap()), (&[here()][..], &[here()][..]));
    names.look_up("a").await.unwrap();
    assert_eq!(ASKED.load(SeqCst), 1, "and remembered");
    names.look_up("b").await.unwrap();
    assert_eq!(ASKED.load(SeqCst), 2);
}

#[tokio::test]
async fn failures_are_remembered_but_not_for_long() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let names = names(|_| match ASKED.fetch_add(1, SeqCst) {
        0 => Err(io::Error::other("no such name")),
        1 => Ok(Vec::new()),
        _ => Ok(vec![here()]),
    });
    for _ in 0..2 {
        let failure = names.look_up("a").await.unwrap_err();
        assert_eq!((failure.ending, &*failure.detail), (Ending::Unresolved, "no such name"));
    }
    tokio::time::sleep(names.times.remembered).await;
    assert_eq!(names.look_up("a").await.unwrap_err().detail, "the name has no address");
    tokio::time::sleep(names.times.remembered).await;
    names.look_up("a").await.unwrap();
}

#[tokio::test]
async fn a_name_that_hangs_keeps_no_other_waiting() {
    let names = names(|name| {
        if name == "slow" {
            sleep(Duration::from_secs(1));
        }
        Ok(vec![here()])
    });
    let mut waiting = JoinSet::new();
    for _ in 0..2 * PLACES_OF_NEW {
        let names = names.clone();
        waiting.spawn(async move { names.look_up("slow").await.is_ok() });
    }
    tokio::task::yield_now().await;
    timeout(Duration::from_millis(500), names.look_up("quick")).await.unwrap().unwrap();
    assert!(waiting.join_all().await.into_iter().all(|found| found));
}

#[tokio::test]
async fn what_nobody_waits_for_is_not_looked_up() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let names = names(|_| {
        ASKED.fetch_add(1, SeqCst);
        Ok(vec![here()])
    });
    let all = names.places_of_new.clone().acquire_many_owned(PLACES_OF_NEW as u32).await.unwrap();
    timeout(Duration::from_millis(10), names.look_up("gone")).await.unwrap_err();
    drop(all);
    names.look_up("a").await.unwrap();
    assert_eq!((ASKED.load(SeqCst), names.known().len()), (1, 1));
    names.look_up("gone").await.unwrap();
}

#[tokio::test]
async fn no_more_are_remembered_than_the_bound() {
    let names = Arc::new(Names::new(|_| Ok(vec![here()])));
    for number in 0..=NAMES_MAX {
        names.look_up(&number.to_string()).await.unwrap();
    }
    assert_eq!(names.known().len(), 1);
}

#[tokio::test]
async fn names_that_hang_give_their_places_to_others() {
    static HOLD: Hold = Hold::new();
    let (names, _end) = (hasty(|name| answer_unless_silent(&HOLD, name)), Silence(&HOLD));
    let waiting = look_up_silent(&names, 0..PLACES_OF_LATE);
    suspected(&names, 0..PLACES_OF_LATE, true).await;
    for number in 0..10 {
        names.look_up(&format!("good-{number}")).await.unwrap();
    }
    HOLD.hanging(PLACES_OF_LATE).await;
    HOLD.answering(true);
    assert!(waiting.join_all().await.into_iter().all(|found| found.is_ok()));
}

#[tokio::test]
async fn suspects_have_few_places_and_are_told_when_they_waited_long() {
    static HOLD: Hold = Hold::new();
    let (names, _end) = (hasty(|name| answer_unless_silent(&HOLD, name)), Silence(&HOLD));
    let all = 0..PLACES_OF_LATE;
    let waiting = look_up_silent(&names, all.clone());
    suspected(&names, all.clone(), true).await;
    HOLD.answering(true);
    waiting.join_all().await;
    HOLD.answering(false);
    tokio::time::sleep(names.times.remembered).await;

    // The second time they are known.
    let mut waiting = look_up_silent(&names, all.clone());
    for _ in 0..all.len() - PLACES_OF_SUSPECTS {
        let told = ended(&mut waiting).await.unwrap_err();
        assert_eq!(told, "too many names are being looked up whose servers do not answer");
    }
    HOLD.hanging(PLACES_OF_SUSPECTS).await;
    assert_eq!(names.places_of_new.available_permits(), PLACES_OF_NEW);
    assert_eq!(names.known().len(), PLACES_OF_SUSPECTS, "who only waited is not remembered");
    names.look_up("good").await.unwrap();

    // Who answers in time is a suspect no longer.
    HOLD.answering(true);
    assert!(waiting.join_all().await.into_iter().all(|found| found.is_ok()));
    suspected(&names, all.clone(), true).await;
    tokio::time::sleep(names.times.remembered).await;
    let waiting = look_up_silent(&names, all.clone());
    assert!(waiting.join_all().await.into_iter().all(|found| found.is_ok()));
    suspected(&names, all, false).await;
}

#[tokio::test]
async fn threads_are_bounded_whatever_hangs() {
    static HOLD: Hold = Hold::new();
    let (names, _end) = (hasty(|name| answer_unless_silent(&HOLD, name)), Silence(&HOLD));
    let most = PLACES_OF_NEW + PLACES_OF_LATE;
    let mut waiting = look_up_silent(&names, 0..2 * most);
    for _ in 0..most {
        assert!(ended(&mut waiting).await.is_err());
    }
    let (hanging, ever, _) = *HOLD.state.lock().unwrap();
    assert_eq!((hanging, ever), (most, most));
    // Other new ones have to wait as long as the resolver takes to give up, and no longer.
    assert!(names.look_up("good").await.is_err());
    HOLD.answering(true);
    assert!(waiting.join_all().await.into_iter().all(|found| found.is_ok()));
    names.look_up("good").await.unwrap();
}

#[tokio::test]
async fn names_that_answered_in_time_need_not_wait_for_new_ones_that_hang() {
    static HOLD: Hold = Hold::new();
    let (names, _end) = (hasty(|name| answer_unless_silent(&HOLD, name)), Silence(&HOLD));
    names.look_up("good").await.unwrap();
    HOLD.answering(true);
    let proven = 0..2 * PLACES_OF_PROVEN;
    look_up_silent(&names, proven.clone()).join_all().await;
    HOLD.answering(false);
    tokio::time::sleep(names.times.remembered).await;

    let most = PLACES_OF_NEW + PLACES_OF_LATE;
    let mut waiting = look_up_silent(&names, proven.end..proven.end + 2 * most);
    HOLD.hanging(most).await;
    for _ in 0..5 {
        tokio::time::sleep(names.times.remembered).await;
        names.look_up("good").await.unwrap();
    }
    assert!(names.known().contains_key("good") && names.look_up("new").await.is_err());

    // Those that hang after all are bounded, too, and no longer proven.
    waiting.detach_all();
    let _waiting = look_up_silent(&names, proven.clone());
    HOLD.hanging(most + PLACES_OF_PROVEN).await;
    let suspects = || proven.clone().filter(|number| names.suspects().contains(&*format!("silent-{number}")));
    let bound = Instant::now() + Duration::from_secs(20);
    while suspects().count() < PLACES_OF_PROVEN {
        assert!(Instant::now() < bound);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(suspects().count(), PLACES_OF_PROVEN);
}

#[tokio::test]
async fn no_more_suspects_are_remembered_than_the_bound() {
    let names = names(|_| Ok(vec![here()]));
    for number in 0..=SUSPECTS_MAX {
        names.suspect(&number.to_string());
        assert!(names.suspects().contains(&*number.to_string()));
    }
    assert_eq!(names.suspects().len(), SUSPECTS_MAX);
    names.suspect(&SUSPECTS_MAX.to_string());
    assert_eq!(names.suspects().len(), SUSPECTS_MAX, "it was there already");
}
