//! Scenarios made up from a number, the same ones on every platform.

#![allow(dead_code, reason = "each test file takes what it needs")]

/// The first made-up scenario in which all faults there are can befall the network and the clocks,
/// and in which nodes join, leave, are retired and watch each other.
/// Those before it stay what they are, since some of their runs are on record.
pub(crate) const ALL_FAULTS_FROM: u64 = 500;

/// What moves the messages of a made-up scenario.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moves {
    Gossip,
    Manual,
}

/// The text of scenario number `index`: random operations under random faults, then all of it
/// healed, and news moving until everybody agrees.
pub(crate) fn scenario(index: u64, moves: Moves) -> String {
    let mut draw = Draw::new(index);
    let many = if draw.one_in(6) { draw.below(13) } else { 0 };
    let mut names: Vec<String> = (1..=2 + draw.below(11) + many).map(|n| format!("n{n}")).collect();
    if draw.one_in(4) {
        // Ordered and hashed by its bytes, which are more than its characters.
        names[0] = "ü 日".to_owned();
    }
    let mut making = Making {
        up: (0..names.len()).collect(),
        paused: Vec::new(),
        down: Vec::new(),
        steps: Vec::new(),
        kept: Vec::new(),
        now_ms: 0,
        names,
        moves,
        has_all_faults: index >= ALL_FAULTS_FROM,
        draw,
    };
    let founders = making.names.len();
    let start: Vec<String> = (0..making.draw.below(4)).map(|_| making.operation()).collect();
    for _ in 0..10 + making.draw.below(50) {
        making.step();
    }
    making.settle();
    let network = match moves {
        Moves::Gossip => {
            let network = network(&mut making.draw, 40);
            let (bandwidth, detection) = (making.bandwidth(), making.detection());
            format!(r#""mode":"gossip",{network}{bandwidth}{detection}{}"#, making.interest())
        }
        Moves::Manual => r#""mode":"manual""#.to_owned(),
    };
    let Making { names, steps, mut draw, .. } = making;
    let names: Vec<String> = names[..founders].iter().map(|name| format!("{name:?}")).collect();
    format!(
        r#"{{ "format": 1, "title": "made-up scenario {index}", "seed": {},
"replicas": [{}],
"network": {{{network}}},
"start": [
{}
],
"steps": [
{}
],
"until": {{ "converged": true, "max_ms": 300000 }} }}"#,
        draw.next(),
        names.join(","),
        objects(&start),
        objects(&steps),
    )
}

fn objects(fields: &[String]) -> String {
    let objects: Vec<String> = fields.iter().map(|fields| format!("{{{fields}}}")).collect();
    objects.join(",\n")
}

/// Settings under which at most `loss_max` of a hundred messages are lost.
fn network(draw: &mut Draw, loss_max: u64) -> String {
    let least_ms = draw.below(50);
    let most_ms = least_ms + draw.below(200);
    let [loss, duplicate, reorder] = [loss_max, 30, 50].map(|max| hundredths(draw.below(max + 1)));
    let (interval_ms, fanout) = (20 + draw.below(400), 1 + draw.below(4));
    let strategy = ["push", "pull", "push-pull", "tree", "tree"][draw.index(5)];
    // At times so shallow a log that states have to go.
    let history = [1, 2, 3, 1_000, 1_000][draw.index(5)];
    let sync = ["delta", "delta", "delta", "full-state", "operation"][draw.index(5)];
    format!(
        r#""latency_ms":[{least_ms},{most_ms}],"loss":{loss},"duplicate":{duplicate},"reorder":{reorder},"interval_ms":{interval_ms},"fanout":{fanout},"strategy":"{strategy}","sync":"{sync}","history":{history}"#
    )
}

fn hundredths(count: u64) -> String {
    format!("{}.{:02}", count / 100, count % 100)
}

/// A scenario half made: who is in which state after the steps so far.
struct Making {
    names: Vec<String>,
    moves: Moves,
    has_all_faults: bool,
    draw: Draw,
    now_ms: u64,
    steps: Vec<String>,
    up: Vec<usize>,
    paused: Vec<usize>,
    down: Vec<usize>,
    /// For each message that a step has sent, who gets it.
    kept: Vec<usize>,
}

impl Making {
    fn push(&mut self, fields: String) {
        // A step without a time runs at that of the one before it.
        match self.draw.one_in(4) {
            true => self.steps.push(fields),
            false => {
                self.now_ms += self.draw.below(150);
                self.steps.push(format!(r#""at_ms":{},{fields}"#, self.now_ms));
            }
        }
    }

    fn step(&mut self) {
        let kinds = if self.has_all_faults { 31 } else { 20 };
        let fields = match (self.draw.below(kinds), self.moves) {
            (0, _) => self.partition(),
            (1, _) => r#""heal":true"#.to_owned(),
            (2, _) => self.crash(),
            (3, _) => self.restart(),
            (4, _) => self.pause(),
            (5, _) => self.resume(),
            (6, _) => {
                // From time to time, nothing arrives at all.
                let loss_max = if self.draw.one_in(3) { 100 } else { 60 };
                let network = network(&mut self.draw, loss_max);
                format!(r#""network":{{{network}{}}}"#, self.bandwidth())
            }
            (7, _) => format!(r#""observe":{:?}"#, self.any()),
            (8..13, Moves::Manual) => self.message(),
            (20 | 21, _) => format!(r#""cut":{}"#, self.link()),
            (22, _) => format!(r#""mend":{}"#, self.link()),
            (23, _) => format!(r#""clog":{}"#, self.link()),
            (24, _) => format!(r#""unclog":{}"#, self.link()),
            (25, _) => {
                // Such that timers that are far ahead are so for no longer than the run has time.
                let skew_ms = self.draw.below(40_001) as i64 - 20_000;
                format!(r#""on":{:?},"clock_skew_ms":{skew_ms}"#, self.any())
            }
            (26 | 27, _) => self.join(),
            (28, _) => self.retire(),
            (29, _) => self.leave(),
            (30, _) => self.watch(),
            _ => self.operation(),
        };
        self.push(fields);
    }

    fn join(&mut self) -> String {
        if self.names.len() >= 30 {
            return self.operation();
        }
        let through = self.running();
        let newcomer = self.names.len();
        self.up.push(newcomer);
        self.names.push(format!("m{newcomer}"));
        format!(r#""join":"m{newcomer}","through":{:?}"#, self.names[through])
    }

    /// The first node may retire others: two that retire each other would be enemies for ever.
    fn retire(&mut self) -> String {
        if self.down.contains(&0) {
            return self.operation();
        }
        let whom = 1 + self.draw.index(self.names.len() - 1);
        format!(r#""retire":{:?},"on":{:?}"#, self.names[whom], self.names[0])
    }

    fn leave(&mut self) -> String {
        if self.up.len() < 2 {
            return self.operation();
        }
        let leaver = self.up.remove(self.draw.index(self.up.len()));
        self.down.push(leaver);
        format!(r#""leave":{:?}"#, self.names[leaver])
    }

    /// At times, news goes first to whom it matters, and is not kept for long elsewhere.
    fn interest(&mut self) -> String {
        if !self.has_all_faults || self.draw.one_in(2) {
            return String::new();
        }
        let outside = self.draw.below(2);
        let stable = self.draw.pick(&["keep", "forget"]);
        format!(r#","interest":true,"history_outside":{outside},"history_stable":"{stable}""#)
    }

    fn watch(&mut self) -> String {
        let range = self.draw.pick(&["[0,99]", "[50,50],[4294967295,4294967295]", ""]);
        let on = self.running();
        format!(r#""watch":[{range}],"on":{:?}"#, self.names[on])
    }

    /// At times, nodes watch each other, and bury the dead.
    fn detection(&mut self) -> String {
        if !self.has_all_faults || self.draw.one_in(2) {
            return String::new();
        }
        let (probe_ms, suspicion_ms) = (50 + self.draw.below(1_000), 50 + self.draw.below(3_000));
        let dead_claims = match self.draw.one_in(2) {
            true => r#""dead_claims":"keep""#.to_owned(),
            false => {
                let ms = 50 + self.draw.below(2_000);
                format!(r#""dead_claims":"release-after","release_after_ms":{ms}"#)
            }
        };
        format!(
            r#","failure_detection":true,"probe_ms":{probe_ms},"suspicion_ms":{suspicion_ms},{dead_claims}"#
        )
    }

    fn any(&mut self) -> &str {
        let index = self.draw.index(self.names.len());
        &self.names[index]
    }

    /// Two of the first few, so that what is cut is at times mended, and what is clogged unclogged.
    fn link(&mut self) -> String {
        let count = self.names.len().min(4);
        let from = self.draw.index(count);
        let to = (from + 1 + self.draw.index(count - 1)) % count;
        format!("[{:?},{:?}]", self.names[from], self.names[to])
    }

    /// At times a bandwidth that is soon too little, as a further setting of the network.
    fn bandwidth(&mut self) -> String {
        if !self.has_all_faults || self.draw.one_in(2) {
            return String::new();
        }
        match self.draw.one_in(4) {
            true => r#","bytes_per_s":"unlimited""#.to_owned(),
            false => {
                let bytes_per_s = self.draw.pick(&[50, 500, 5_000, 50_000, 1_000_000_000]);
                format!(r#","bytes_per_s":{bytes_per_s}"#)
            }
        }
    }

    /// Somebody who has not crashed.
    fn running(&mut self) -> usize {
        let running = self.up.len() + self.paused.len();
        let index = self.draw.index(running);
        *self.up.iter().chain(&self.paused).nth(index).expect("somebody always runs")
    }

    fn operation(&mut self) -> String {
        const WIDE: [[u32; 2]; 5] =
            [[0, 99], [50, 149], [0, u32::MAX], [1 << 31, u32::MAX], [u32::MAX, u32::MAX]];
        const PARTS: [[u32; 2]; 4] = [[0, 49], [50, 99], [60, 60], [0, 99]];
        let on = self.running();
        // Mostly one's own claims, then another's, and at times a node's that has no replica.
        let node = match self.draw.below(8) {
            0..4 => self.names[on].clone(),
            4..7 => self.any().to_owned(),
            _ => "guest".to_owned(),
        };
        let range = self.draw.pick(&WIDE);
        let part = self.draw.pick(&PARTS);
        let is_part = range[0] <= part[0] && part[1] <= range[1] && range != part;
        let by = 1 + self.draw.below(4);
        let (range, what) = match self.draw.below(10) {
            0..3 => (range, r#""do":"register""#.to_owned()),
            3..6 => (range, format!(r#""do":"increase","by":{by}"#)),
            6..8 => (range, format!(r#""do":"decrease","by":{by}"#)),
            8 if is_part => (range, format!(r#""do":"tighten","to":{part:?}"#)),
            // What a Tighten leaves is operated on as well.
            8 => (part, format!(r#""do":"increase","by":{by}"#)),
            _ => (range, r#""do":"release""#.to_owned()),
        };
        let [start, end] = range;
        format!(r#""on":{:?},{what},"claim":[{node:?},{start},{end}]"#, self.names[on])
    }

    fn partition(&mut self) -> String {
        let mut groups = vec![Vec::new(); 1 + self.draw.index(3)];
        for name in &self.names {
            // One group more than there are: whoever falls into that is not named.
            let group = self.draw.index(groups.len() + 1);
            if let Some(group) = groups.get_mut(group) {
                group.push(name);
            }
        }
        format!(r#""partition":{groups:?}"#)
    }

    fn crash(&mut self) -> String {
        if self.up.len() < 2 {
            return self.operation();
        }
        let from = match self.draw.one_in(3) && !self.paused.is_empty() {
            true => &mut self.paused,
            false => &mut self.up,
        };
        let crashed = from.remove(self.draw.index(from.len()));
        self.down.push(crashed);
        format!(r#""crash":{:?}"#, self.names[crashed])
    }

    fn restart(&mut self) -> String {
        let Some(restarted) = self.down.pop() else { return self.operation() };
        self.up.push(restarted);
        let state = self.draw.pick(&["", r#","state":"kept""#, r#","state":"lost""#]);
        format!(r#""restart":{:?}{state}"#, self.names[restarted])
    }

    fn pause(&mut self) -> String {
        if self.up.len() < 2 {
            return self.operation();
        }
        let paused = self.up.remove(self.draw.index(self.up.len()));
        self.paused.push(paused);
        format!(r#""pause":{:?}"#, self.names[paused])
    }

    fn resume(&mut self) -> String {
        let Some(resumed) = self.paused.pop() else { return self.operation() };
        self.up.push(resumed);
        format!(r#""resume":{:?}"#, self.names[resumed])
    }

    fn message(&mut self) -> String {
        let (from, to) = (self.running(), self.running());
        let between = format!("[{:?},{:?}]", self.names[from], self.names[to]);
        let arriving = self.draw.index(self.kept.len() + 1);
        match self.draw.below(6) {
            0 => format!(r#""sync":{between}"#),
            1..4 => {
                let only = self.draw.pick(&["", r#","only":"last-operation""#]);
                // At times in the place of an earlier message.
                let name = if self.draw.one_in(6) { arriving } else { self.kept.len() };
                match self.kept.get_mut(name) {
                    Some(kept) => *kept = to,
                    None => self.kept.push(to),
                }
                format!(r#""send":{between},"as":"m{name}"{only}"#)
            }
            _ => match self.kept.get(arriving) {
                Some(to) if !self.down.contains(to) => format!(r#""deliver":"m{arriving}""#),
                _ => self.operation(),
            },
        }
    }

    /// Ends all faults, but for clocks that are skewed, and, where only steps move messages, carries everything everywhere.
    fn settle(&mut self) {
        self.push(r#""heal":true"#.to_owned());
        while !self.down.is_empty() {
            let fields = self.restart();
            self.push(fields);
        }
        while !self.paused.is_empty() {
            let fields = self.resume();
            self.push(fields);
        }
        match self.moves {
            Moves::Gossip => {
                let (mut bandwidth, mut detection) = ("", "");
                if self.has_all_faults {
                    let enough = [r#","bytes_per_s":"unlimited""#, r#","bytes_per_s":100000"#];
                    bandwidth = self.draw.pick(&enough);
                    // Who is taken for dead again and again never comes to rest.
                    detection = self.draw.pick(&[
                        r#","failure_detection":false"#,
                        r#","failure_detection":true,"dead_claims":"keep""#,
                    ]);
                }
                let network = network(&mut self.draw, 40);
                self.push(format!(r#""network":{{{network}{bandwidth}{detection}}}"#));
            }
            Moves::Manual => {
                let hub = self.names[0].clone();
                let others = self.names[1..].to_vec();
                // Twice, since what waits somewhere, and is lost everywhere else, may not be
                // applied there before the hub has answered.
                for _ in 0..2 {
                    for other in &others {
                        self.push(format!(r#""sync":[{other:?},{hub:?}]"#));
                    }
                    for other in &others {
                        self.push(format!(r#""sync":[{hub:?},{other:?}]"#));
                    }
                }
            }
        }
    }
}

/// A stream of numbers of the tests' own (Steele, Lea, Flood 2014, "Fast splittable pseudorandom
/// number generators"), so that no change to what is tested changes the tests.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound` − 1.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }
}

/// Prints the scenario that is being tried, should that fail.
pub(crate) struct Replay<'a> {
    pub(crate) name: &'a str,
    pub(crate) index: u64,
    pub(crate) text: &'a str,
}

impl Drop for Replay<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let index = self.index;
            eprintln!(
                "this made-up scenario ({} {index}) has failed:\n{}\nreplay: SCALESMALL_SCENARIO={index} cargo test -p scalesmall-sim --test safety {}",
                self.name, self.text, self.name
            );
        }
    }
}
