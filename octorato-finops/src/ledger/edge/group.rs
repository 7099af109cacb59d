//! Group commit in one process: whoever comes first commits for all who came meanwhile.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, PoisonError};

use octorato_core::{Error, ErrorKind, Result};

use super::waiting::{Condvar, Mutex, MutexGuard};

/// A queue in which one caller at a time, the leader, does the work of all who wait.
///
/// A leader keeps its place until its work is durable, so that those who come meanwhile make up one
/// large batch (a leader that let the next one begin earlier was measured to shrink the batches and
/// with them the throughput). It leads for one batch only, which holds its own request; then the
/// one who waited longest leads. No thread is made.
///
/// ```
/// use octorato_finops::ledger::edge::Group;
///
/// let group: Group<u32, u32> = Group::new(512);
/// let double = |batch: Vec<u32>| batch.into_iter().map(|number| number * 2).collect();
/// assert_eq!(group.submit(21, 1, double)?, 42);
/// # Ok::<(), octorato_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Group<Request, Response> {
    queue: Mutex<Queue<Request, Response>>,
    limit: usize,
}

#[derive(Debug)]
struct Queue<Request, Response> {
    waiting: VecDeque<Waiting<Request, Response>>,
    is_led: bool,
}

#[derive(Debug)]
struct Waiting<Request, Response> {
    request: Request,
    weight: usize,
    seat: Arc<Seat<Response>>,
}

/// Where one caller waits.
#[derive(Debug)]
struct Seat<Response> {
    news: Mutex<News<Response>>,
    changed: Condvar,
}

#[derive(Debug)]
enum News<Response> {
    None,
    /// The one who led is done; this caller leads, and its request is the first in the queue.
    Lead,
    Done(Response),
    /// The one who led panicked.
    Lost,
}

impl<Request, Response> Group<Request, Response> {
    /// A queue whose batches weigh at most `limit`, or hold one request.
    pub fn new(limit: usize) -> Self {
        Self { queue: Mutex::new(Queue { waiting: VecDeque::new(), is_led: false }), limit }
    }

    /// Has `request` done, by this caller or by another: `work` is called with a batch that holds it,
    /// or not at all. It answers each request of the batch, in the same order.
    ///
    /// [`ErrorKind::Unavailable`] where the one who did the work panicked or answered too few: the
    /// effect of the request is unknown then. A panic of this caller's own `work` goes on.
    pub fn submit(
        &self,
        request: Request,
        weight: usize,
        work: impl FnOnce(Vec<Request>) -> Vec<Response>,
    ) -> Result<Response> {
        let seat = Arc::new(Seat { news: Mutex::new(News::None), changed: Condvar::new() });
        let mut queue = lock(&self.queue);
        queue.waiting.push_back(Waiting { request, weight, seat: Arc::clone(&seat) });
        let leads = !mem::replace(&mut queue.is_led, true);
        drop(queue);
        if !leads {
            match seat.wait() {
                News::Done(response) => return Ok(response),
                News::Lead => {}
                News::None | News::Lost => return Err(lost()),
            }
        }
        self.lead(work);
        match mem::replace(&mut *lock(&seat.news), News::Lost) {
            News::Done(response) => Ok(response),
            _ => Err(lost()),
        }
    }

    /// How many wait for somebody else to do their work.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        lock(&self.queue).waiting.len()
    }

    /// Does one batch and hands the lead on, also if the work panics.
    fn lead(&self, work: impl FnOnce(Vec<Request>) -> Vec<Response>) {
        let (requests, seats) = self.next_batch();
        let mut lead = Lead { group: self, seats };
        let responses = work(requests);
        for (seat, response) in lead.seats.drain(..).zip(responses) {
            seat.tell(News::Done(response));
        }
    }

    fn next_batch(&self) -> (Vec<Request>, VecDeque<Arc<Seat<Response>>>) {
        let mut queue = lock(&self.queue);
        let mut left = self.limit;
        let (mut requests, mut seats) = (Vec::new(), VecDeque::new());
        while let Some(next) = queue.waiting.pop_front() {
            if !requests.is_empty() && next.weight > left {
                queue.waiting.push_front(next);
                break;
            }
            left = left.saturating_sub(next.weight);
            requests.push(next.request);
            seats.push_back(next.seat);
        }
        (requests, seats)
    }

    /// Lets the one who waited longest lead, or nobody where nobody waits.
    fn hand_on(&self) {
        let mut queue = lock(&self.queue);
        match queue.waiting.front() {
            Some(next) => next.seat.tell(News::Lead),
            None => queue.is_led = false,
        }
    }
}

/// The lead, with those whom it owes an answer. They are told that there is none if it is dropped by
/// a panic, and in any case the next one leads.
struct Lead<'a, Request, Response> {
    group: &'a Group<Request, Response>,
    seats: VecDeque<Arc<Seat<Response>>>,
}

impl<Request, Response> Drop for Lead<'_, Request, Response> {
    fn drop(&mut self) {
        for seat in self.seats.drain(..) {
            seat.tell(News::Lost);
        }
        self.group.hand_on();
    }
}

impl<Response> Seat<Response> {
    /// Tells news to the one who waits; what it was told before stands.
    fn tell(&self, news: News<Response>) {
        let mut place = lock(&self.news);
        if matches!(*place, News::None | News::Lead) {
            *place = news;
        }
        drop(place);
        self.changed.notify_one();
    }

    /// Waits for news, and takes them.
    fn wait(&self) -> News<Response> {
        let mut place = lock(&self.news);
        while matches!(*place, News::None) {
            place = self.changed.wait(place).unwrap_or_else(PoisonError::into_inner);
        }
        mem::replace(&mut *place, News::None)
    }
}

/// No code panics while it holds one of these locks, so that what is in them is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lost() -> Error {
    Error::new(ErrorKind::Unavailable, "the thread that committed for this one failed")
        .hinted("try again with the same ids: what took effect is not done twice")
}
