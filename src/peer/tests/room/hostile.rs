//! Peers that do not.

use scalesmall_crdt::NodeId;
use scalesmall_peer::limits::{FRAME_BYTES_MAX, FRAMES_A_SECOND_MAX};
use scalesmall_peer::{Unproven, Why};

use crate::world::World;

/// Two who agree, and a third who is linked to both.
fn three(secret: &str) -> World {
    let mut world = World::new(1);
    world.add(2, "hush");
    world.add(2, "hush");
    world.connect_all();
    world.agree_within_ms(15_000);
    world.add(1, secret);
    world.connect_all();
    world.pass_ms(5_000);
    world
}

/// The two go on without it.
fn goes_on(mut world: World) {
    world.kill(2);
    world.claim(0, 0, 0);
    world.claim(1, 1, 7_000);
    world.agree_within_ms(10_000);
}

fn whys(world: &World) -> Vec<(usize, &Why)> {
    world.closed.iter().filter(|(_, of, _)| *of == 2).map(|(at, _, why)| (*at, why)).collect()
}

#[test]
fn who_does_not_know_the_secret_learns_nothing() {
    let world = three("guess");
    let expected = Why::Unproven(Unproven::Secret);
    let whys = whys(&world);
    assert!(!whys.is_empty() && whys.iter().all(|(_, why)| **why == expected), "{whys:?}");
    assert_eq!(world.peer(2).truth().context().operations(), 0);
    assert_eq!(world.peer(2).remote_views(world.now).count(), 0);
    let (_, peer, why) = world.peer(0).turned_away().next().unwrap();
    assert_eq!((peer, why), (crate::world::id(2), &expected));
    let named = world.peer(2).turned_away().filter(|(.., why)| **why == expected);
    assert_eq!(named.count(), 2, "it finds out, too");
    goes_on(world);
}

#[test]
fn who_sends_garbage_is_named_and_the_others_go_on() {
    let garbage: [&[u8]; 7] = [
        &[],
        &[99],
        &[3, 0xff, 0xff, 0xff],
        &[4, 1, 1, 1],
        &[5, 7],
        &[0; FRAME_BYTES_MAX + 1],
        &[9, 9],
    ];
    for bytes in garbage {
        let mut world = three("hush");
        world.agree_within_ms(15_000);
        world.forge(2, 0, bytes.to_vec());
        let whys = whys(&world);
        assert!(matches!(whys[..], [(0, Why::BadFrame(_))]), "{bytes:?}: {whys:?}");
        goes_on(world);
    }
}

#[test]
fn who_sends_messages_that_are_none_is_named() {
    let mut world = three("hush");
    world.agree_within_ms(15_000);
    // Parcels of the epoch; of one, the steps left.
    let mut parcel = [&[4][..], &world.epoch(), &[3]].concat();
    for text in ["2-0", "\0", "0-0"] {
        if text == "\0" {
            parcel.push(0);
        } else {
            parcel.push(text.len() as u8);
            parcel.extend(text.as_bytes());
        }
    }
    parcel.extend([3, 0xff, 0xff, 0xff]);
    world.forge(2, 0, parcel);
    assert!(matches!(whys(&world)[..], [(0, Why::BadMessage(_))]), "{:?}", whys(&world));
    goes_on(world);
}

#[test]
fn who_speaks_for_a_node_of_another_is_named() {
    // Routes: one, to 0-0 in its first life, hosted there, a member of epoch 1.
    let routes = [3, 1, 3, b'0', b'-', b'0', 0, 0, 1];
    // A parcel: all steps left, from 0-0 in its first life, to 0-1, nothing.
    let parcel = [8, 3, b'0', b'-', b'0', 0, 3, b'0', b'-', b'1', 0];
    for is_route in [true, false] {
        let mut world = three("hush");
        world.agree_within_ms(15_000);
        let parcel = [&[4][..], &world.epoch(), &parcel].concat();
        world.forge(2, 0, if is_route { routes.to_vec() } else { parcel });
        let name = NodeId::new("0-0").unwrap().to_string();
        assert_eq!(whys(&world), [(0, &Why::Impostor(name))]);
        goes_on(world);
    }
}

#[test]
fn who_floods_is_named() {
    let mut world = three("hush");
    world.agree_within_ms(15_000);
    for _ in 0..=FRAMES_A_SECOND_MAX {
        world.forge(2, 0, vec![6, 1]);
    }
    assert_eq!(whys(&world), [(0, &Why::Flood)]);
    goes_on(world);
}

#[test]
fn what_was_overheard_is_of_no_use() {
    // A proof that comes again, and an introduction.
    for bytes in [[&[2][..], &[0; 32]].concat(), [&[1, 0, 1, 0, 1][..], &[7; 32]].concat()] {
        let mut world = three("hush");
        world.forge(2, 0, bytes);
        assert_eq!(whys(&world), [(0, &Why::Unproven(Unproven::OutOfTurn))]);
        goes_on(world);
    }
}

#[test]
fn who_says_nothing_is_not_waited_for() {
    let mut world = World::new(3);
    world.add(1, "hush");
    world.add(1, "hush");
    world.connect(0, 1);
    world.peers[1] = None;
    world.pass_ms(12_000);
    assert_eq!(world.closed, [(0, 1, Why::Unproven(Unproven::TooLate))]);
    assert!(world.peer(0).agreed().is_some(), "alone in the room");
}
