//! Callers that are slow or too many: each is given up within its time, and nobody else hears of it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::world::{Server, World, read_answer};

const CALL: &[u8] =
    b"POST /v1/enrolments HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";

/// Sends a byte now and then until the service says something or goes away; how long that took.
fn drip(stream: &mut TcpStream, every: Duration) -> Duration {
    let began = Instant::now();
    stream.set_read_timeout(Some(every)).unwrap();
    loop {
        let mut one = [0];
        match stream.peek(&mut one) {
            Ok(_) => return began.elapsed(),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) => {}
            Err(_) => return began.elapsed(),
        }
        if stream.write_all(b"x").is_err() {
            return began.elapsed();
        }
        assert!(began.elapsed() < Duration::from_secs(30), "nobody gives it up");
    }
}

fn works(server: &Server) {
    assert_eq!(server.get("/v1/log").status, 200);
}

#[test]
fn slow_headers_are_given_up_within_their_time() {
    let world = World::with(|settings| settings.header_timeout_ms = 500);
    let server = world.start();
    let mut slow = server.raw(b"GET /v1/log HTTP/1.1\r\nx-slow: ");
    let took = drip(&mut slow, Duration::from_millis(50));
    assert!(took < Duration::from_secs(5), "{took:?}");
    works(&server);
}

#[test]
fn a_body_slower_than_its_least_speed_is_given_up_long_before_its_time_is_over() {
    let world = World::with(|settings| {
        settings.body_timeout_ms = 60_000;
        settings.body_grace_ms = 300;
        settings.body_bytes_per_second_min = 1_000;
    });
    let server = world.start();
    let mut slow = server.raw(CALL);
    let took = drip(&mut slow, Duration::from_millis(20));
    assert!(took < Duration::from_secs(5), "{took:?}");
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let answer = read_answer(slow);
    assert_eq!(answer.problem(), (408, "body-too-slow".into()));
    assert_eq!(answer.header("connection"), Some("close"));
    works(&server);
}

#[test]
fn a_reader_that_takes_nothing_is_given_up() {
    let world = World::with(|settings| {
        settings.export_stall_ms = 300;
        settings.connections_max = 1;
    });
    let server = world.start();
    // Answers to many calls at once, none of them read: more than the connection holds.
    let mut greedy = server.raw(b"");
    greedy.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    let call = b"GET /v1/openapi.json HTTP/1.1\r\nhost: a\r\n\r\n";
    for _ in 0..4_000 {
        if greedy.write_all(call).is_err() {
            break;
        }
    }
    // The only place for a connection is free again.
    let began = Instant::now();
    works(&server);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    drop(greedy);
}

#[test]
fn an_address_has_only_so_many_connections() {
    let world = World::with(|settings| settings.connections_per_address_max = 2);
    let server = world.start();
    let answers = |mut stream: TcpStream| {
        let sent = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let mut said = Vec::new();
        sent.is_ok() && stream.read_to_end(&mut said).is_ok() && said.starts_with(b"HTTP/1.1 200")
    };
    // Both are served before the third comes.
    let held: Vec<TcpStream> = (0..2)
        .map(|_| {
            let mut stream = server.raw(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
            assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
            stream
        })
        .collect();
    assert!(!answers(server.raw(b"")), "the third is closed");
    drop(held);
    let began = Instant::now();
    while !answers(server.raw(b"")) {
        assert!(began.elapsed() < Duration::from_secs(10), "places are not given back");
        std::thread::sleep(Duration::from_millis(20));
    }
}
