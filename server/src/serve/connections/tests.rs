use super::*;
use crate::serve::activity::InFlight;

fn connections(most: usize, of_an_address: usize) -> Arc<Connections> {
    Connections::new(Bounds { most, of_an_address })
}

fn admitted(connections: &Arc<Connections>, address: Option<&str>) -> Option<Slot> {
    let address = address.map(|address| address.parse().expect("an address"));
    match connections.admit(address, false) {
        Admission::Admitted(place) => Some(place),
        Admission::Full | Admission::TooManyOfAddress => None,
    }
}

/// A task that ends when its connection is closed.
fn serve(connections: &Arc<Connections>, place: Slot) -> Arc<Activity> {
    let (id, activity) = (place.id(), Arc::clone(&place.activity));
    let task = tokio::spawn(async move {
        let _place = place;
        std::future::pending::<()>().await;
    });
    connections.set_task(id, task.abort_handle());
    activity
}

fn wait(connections: &Connections, ticks: u32) {
    (0..ticks).for_each(|_| connections.ticks.advance());
}

#[test]
fn a_few_places_are_kept_for_health() {
    let connections = connections(2, 10);
    let served: Vec<_> = (0..2).map(|_| admitted(&connections, None).expect("a place")).collect();
    assert!(served.iter().all(|place| !place.is_reserved));
    let reserved: Vec<_> = (0..RESERVED).map(|_| admitted(&connections, None).expect("a reserved place")).collect();
    assert!(reserved.iter().all(|place| place.is_reserved));
    assert!(admitted(&connections, None).is_none(), "full");
    drop(served);
    assert!(!admitted(&connections, None).expect("a place").is_reserved);
}

#[test]
fn an_address_has_its_share_and_a_proxy_has_none() {
    let connections = connections(100, 2);
    let of_one = ["2001:db8::1", "2001:db8::2"].map(|address| admitted(&connections, Some(address)).expect("a place"));
    assert!(admitted(&connections, Some("2001:db8::3")).is_none(), "one /64 is one address");
    assert!(admitted(&connections, Some("2001:db8:0:1::1")).is_some());
    let proxied: Vec<_> = (0..10).map(|_| admitted(&connections, None).expect("a place")).collect();
    drop((of_one, proxied));
    assert!(admitted(&connections, Some("2001:db8::3")).is_some(), "free again");
    assert!(connections.open().of_addresses.is_empty() && connections.is_empty());
}

#[tokio::test]
async fn slow_readers_are_closed_before_idle_connections() {
    let connections = connections(3, 10);
    let idle = serve(&connections, admitted(&connections, None).expect("a place"));
    wait(&connections, 5);
    let unread = serve(&connections, admitted(&connections, None).expect("a place"));
    unread.write_waits();
    let busy = serve(&connections, admitted(&connections, None).expect("a place"));
    let _request = InFlight::begin(&busy);
    wait(&connections, LEAST_WAIT);
    assert!(!admitted(&connections, None).expect("room was made").is_reserved);
    while Arc::strong_count(&unread) > 1 {
        tokio::task::yield_now().await;
    }
    assert!(Arc::strong_count(&idle) > 1 && Arc::strong_count(&busy) > 2, "open");
}

#[tokio::test]
async fn a_request_in_the_hands_of_a_handler_is_never_closed() {
    let connections = connections(1, 10);
    let busy = serve(&connections, admitted(&connections, None).expect("a place"));
    let _request = InFlight::begin(&busy);
    wait(&connections, 1_000);
    assert!(admitted(&connections, None).expect("a reserved place").is_reserved);
}

#[tokio::test]
async fn unread_answers_are_bounded() {
    let connections = connections(100, 10);
    let activities: Vec<_> =
        (0..5).map(|_| serve(&connections, admitted(&connections, None).expect("a place"))).collect();
    for activity in &activities {
        activity.write_waits();
        wait(&connections, 1);
    }
    connections.close_readers_beyond(2, 2);
    while connections.open().all.len() > 3 {
        tokio::task::yield_now().await;
    }
    let open: Vec<_> = activities.iter().map(|activity| Arc::strong_count(activity) > 1).collect();
    assert_eq!(open, [false, false, true, true, true], "the longest were closed, and none that only just began");
}

#[test]
fn strangers_leave_a_quarter_to_trusted_proxies() {
    let connections = connections(8, 100);
    let stranger = || admitted(&connections, Some("192.0.2.1")).expect("a place");
    let strangers: Vec<_> = (0..6).map(|_| stranger()).collect();
    assert!(strangers.iter().all(|place| !place.is_reserved));
    assert!(stranger().is_reserved, "for /healthz alone");
    let proxied: Vec<_> = (0..2).map(|_| admitted(&connections, None).expect("a place")).collect();
    assert!(proxied.iter().all(|place| !place.is_reserved));
    assert!(admitted(&connections, None).expect("a place").is_reserved);
    drop((strangers, proxied));
    assert_eq!(connections.open().strangers, 0);
    assert!(!stranger().is_reserved);
}

#[tokio::test]
async fn an_idle_proxy_makes_no_room_for_a_stranger() {
    let connections = connections(3, 10);
    let proxied: Vec<_> = (0..2).map(|_| serve(&connections, admitted(&connections, None).expect("a place"))).collect();
    wait(&connections, 1_000);
    let stranger = serve(&connections, admitted(&connections, Some("192.0.2.1")).expect("a place"));
    assert!(admitted(&connections, Some("192.0.2.2")).expect("a place").is_reserved, "nobody was closed for it");
    wait(&connections, LEAST_WAIT);
    assert!(!admitted(&connections, None).expect("room was made").is_reserved);
    while Arc::strong_count(&stranger) > 1 {
        tokio::task::yield_now().await;
    }
    assert!(proxied.iter().all(|activity| Arc::strong_count(activity) > 1), "idle for longer, and open");
}

#[tokio::test]
async fn an_address_waits_for_room_among_its_idle_connections() {
    let connections = connections(100, 2);
    let _idle = [(); 2].map(|()| serve(&connections, admitted(&connections, Some("192.0.2.1")).expect("a place")));
    wait(&connections, IDLE_OF_AN_ADDRESS - 1);
    assert!(admitted(&connections, Some("192.0.2.1")).is_none(), "they may stay for a while");
    wait(&connections, 1);
    assert!(admitted(&connections, Some("192.0.2.1")).is_some());
}
