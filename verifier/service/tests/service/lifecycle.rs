//! Starting and stopping: what keeps a server from starting, and what becomes of calls when it stops.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crate::world::{World, read_answer};
use covenant_api::types::LogOrigin;
use covenant_ledger::{Draft, Kind, StreamId};
use covenant_policy::refusal::Refusal;
use covenant_verifier::server::Running;
use covenant_verifier::{Settings, startup};

fn refused(settings: &Settings) -> Refusal {
    match Running::start(settings.clone()) {
        Ok(_) => panic!("the server started"),
        Err(refusal) => refusal,
    }
}

#[test]
fn a_service_is_made_once_and_restarted_often() {
    let world = World::new();
    let key = {
        let server = world.start();
        server.get("/v1/log").json()["log_key"].clone()
    };
    let again = startup::init(&world.settings).map(drop).unwrap_err();
    assert_eq!(again.code(), "already-initialised");
    let server = world.start();
    assert_eq!(server.get("/v1/log").json()["log_key"], key);
    let mode = fs::metadata(world.settings.directory.join("service.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let world = World::new();
    let server = world.start();
    assert_eq!(refused(&world.settings).code(), "ledger-locked");
    assert_eq!(server.get("/healthz").status, 200, "the first one goes on");
    server.0.stop().unwrap();
    world.start();
}

#[test]
fn a_port_in_use_is_refused() {
    let mut world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    world.settings.listen = taken.local_addr().unwrap();
    let refusal = refused(&world.settings);
    assert_eq!(refusal.code(), "listen-failed");
    assert!(
        refusal
            .place
            .unwrap()
            .contains(&world.settings.listen.port().to_string())
    );
    drop(taken);
    world.start();
}

#[test]
fn what_is_missing_or_wrong_in_the_directory_is_refused() {
    let world = World::new();
    let directory = world.settings.directory.clone();

    let mut elsewhere = world.settings.clone();
    elsewhere.directory = world.directory.path().join("elsewhere");
    let refusal = refused(&elsewhere);
    assert_eq!(refusal.code(), "file-unreadable");
    assert!(refusal.advice_text().contains("init"), "{refusal}");

    let mut nameless = world.settings.clone();
    nameless.origin = None;
    assert_eq!(refused(&nameless).code(), "config-invalid");
    let mut other = world.settings.clone();
    other.origin = Some(LogOrigin::parse("example.com/other").unwrap());
    assert_eq!(refused(&other).code(), "ledger-of-another-log");

    let key = directory.join("service.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(refused(&world.settings).code(), "service-key-exposed");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let good = fs::read(&key).unwrap();
    fs::write(&key, b"zz").unwrap();
    assert_eq!(refused(&world.settings).code(), "service-key-malformed");
    fs::write(&key, format!("{}\n", "00".repeat(32))).unwrap();
    assert_eq!(refused(&world.settings).code(), "ledger-of-another-log");
    fs::write(&key, good).unwrap();

    fs::write(directory.join("tokens.json"), "{").unwrap();
    assert_eq!(refused(&world.settings).code(), "tokens-damaged");
    fs::remove_file(directory.join("tokens.json")).unwrap();

    world.start();
    fs::rename(directory.join("ledger"), directory.join("moved")).unwrap();
    assert_eq!(refused(&world.settings).code(), "ledger-missing");
    assert!(!directory.join("ledger").join("store").exists(), "no new one is made");
}

#[test]
fn a_damaged_database_is_refused() {
    let world = World::new();
    {
        let server = world.start();
        let app = server.0.app().unwrap();
        for number in 0..50_u8 {
            let draft = Draft::new(Kind::new("test").unwrap(), StreamId([number; 32]), vec![number; 200]);
            app.log.ledger().append(draft).unwrap();
        }
    }
    // Entries lie in RocksDB's own log until it is compacted: a bit that flips there breaks a batch that was acknowledged.
    let ledger = startup::ledger_directory(&world.settings.directory).join("store");
    let mut changed = 0;
    for file in fs::read_dir(&ledger).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "log" || extension == "sst")
        {
            let mut bytes = fs::read(&path).unwrap();
            if bytes.len() > 200 {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(&path, bytes).unwrap();
                changed += 1;
            }
        }
    }
    assert!(changed > 0);
    let refusal = refused(&world.settings);
    assert!(
        ["ledger-damaged", "ledger-tail-lost", "ledger-io"].contains(&refusal.code()),
        "{refusal}"
    );
}

#[test]
fn a_call_in_flight_finishes_and_new_ones_find_nobody() {
    let world = World::with(|settings| settings.exports_max = 1);
    let mut server = world.start();
    let app = server.0.app().unwrap();
    for number in 0..24_u8 {
        let draft = Draft::new(
            Kind::new("test").unwrap(),
            StreamId([number; 32]),
            vec![number; 1 << 20],
        );
        app.log.ledger().append(draft).unwrap();
    }
    let mut whole = Vec::new();
    app.log
        .ledger()
        .export(&mut whole, &covenant_ledger::Scope::everything())
        .unwrap();
    let (_, auditor) = world.token(covenant_verifier::tokens::Role::Auditor {});
    // An export is in flight: more than the connection holds, and not read yet. A second connection is idle.
    let call = format!("GET /v1/ledger/export HTTP/1.0\r\nauthorization: Bearer {auditor}\r\n\r\n");
    let export = server.raw(call.as_bytes());
    let idle = server.raw(b"");
    while app.exports.available_permits() > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let address = server.0.address();
    server.0.begin_stop();
    while app.unready().is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(app);
    let mut nothing = Vec::new();
    std::io::Read::read_to_end(&mut &idle, &mut nothing).unwrap();
    assert!(nothing.is_empty(), "an idle connection is closed");
    while std::net::TcpStream::connect(address).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let answer = read_answer(export);
    assert_eq!(answer.status, 200);
    assert!(answer.body == whole, "{} of {} bytes", answer.body.len(), whole.len());
    server.0.stop().unwrap();
    world.start();
}

#[test]
fn a_call_that_takes_too_long_does_not_keep_the_server() {
    let world = World::with(|settings| {
        settings.shutdown_timeout_ms = 200;
        settings.export_stall_ms = 60_000;
    });
    let server = world.start();
    let app = server.0.app().unwrap();
    for number in 0..24_u8 {
        let draft = Draft::new(
            Kind::new("test").unwrap(),
            StreamId([number; 32]),
            vec![number; 1 << 20],
        );
        app.log.ledger().append(draft).unwrap();
    }
    let (_, auditor) = world.token(covenant_verifier::tokens::Role::Auditor {});
    let call = format!("GET /v1/ledger/export HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {auditor}\r\n\r\n");
    let stalled = server.raw(call.as_bytes());
    while app.exports.available_permits() == world.settings.exports_max {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(app);
    let began = std::time::Instant::now();
    server.0.stop().unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    drop(stalled);
    world.start();
}
