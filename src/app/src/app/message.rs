//! What can happen to the page.

use scalesmall_crdt::Key;
use scalesmall_sim::SimTime;

use crate::arrival::Arrival;
use crate::edit::Step;
use crate::embed::Heard;
use crate::preferences::Appearance;
use crate::setting::Setting;
use crate::speed::Speed;
use crate::texts::Language;
use crate::visible::Look;

/// What can happen to the page.
pub(crate) enum Message {
    Frame(f64),
    Toggle,
    Restart,
    StepForward,
    StepBack,
    /// Lets the next thing happen.
    StepEvent,
    /// Goes to the next moment at which all come to agree or no longer do, or to the one before.
    Turn(bool),
    /// Begins another timeline here.
    Fork,
    Seek(SimTime),
    /// Shows what comes of the open node and this one when it merges what that one has seen.
    Merge(Option<usize>),
    Faster,
    Slower,
    SetSpeed(Speed),
    /// Opens a node, or closes the one that is open; or chooses it, where nodes are chosen.
    Select(Option<usize>),
    /// Asks about the segment that a key lies in: as a node believes it to be, or, of no node, as it
    /// is in truth.
    Ask {
        node: Option<usize>,
        key: Key,
    },
    /// Lets time stand still, and asks a node that differs from the truth about this key, or else
    /// the truth.
    AskWho(Key),
    /// Asks about the segment after the one that is asked about, or before it, of the node of this
    /// name or else of the same.
    Walk {
        node: Option<String>,
        is_next: bool,
    },
    /// Looks at other keys.
    Look(Look),
    /// Looks at more keys or fewer, in thousandths: at what is asked about, or else at the middle.
    Zoom(u32),
    /// Lets the node of this name, or else the one that is open, be in colour with no other but those
    /// of which that was said before; or no longer.
    Only(Option<String>),
    /// All nodes are in colour.
    All,
    /// Does something to the run.
    Do(Step),
    /// Begins to choose who is to be cut off, or no longer does.
    ChooseCut(bool),
    /// Cuts off whoever has been chosen.
    CutOff,
    ChangeTimeline(usize),
    /// Calls the timeline that is shown by another name; by none, as it was called at first.
    NameTimeline(String),
    /// Shows how to share the run, or no longer does.
    Share(bool),
    /// Begins to shrink the run; gives that up, or closes what came of it.
    Shrink(bool),
    /// Shows what all this means, or no longer does.
    Help(bool),
    Speak(Language),
    /// Why the address cannot be followed, in the language that is spoken now.
    Explain(String),
    Appear(Appearance),
    /// Saves a picture of the stage with so many pixels to a unit of the page.
    Portray(usize),
    /// Compares the run with others, or no longer does.
    Compare,
    /// Compares under these settings from now on.
    CompareSettings(Vec<Setting>),
    /// Brings the run under another setting onto the stage.
    OpenVariant(Setting, SimTime),
    /// Goes to a room of real peers, a new one.
    Live,
    /// Closes what is open.
    Escape,
    /// The address has a new fragment.
    AddressChanged,
    /// Gives a node a lane among the messages, or takes it away.
    ToggleLane(usize),
    /// Gives every node a lane, or a few only.
    AllLanes,
    /// Shows messages without news as well, or no longer does.
    AllMessages,
    /// Shows the messages of a longer time, or of a shorter one.
    ScaleSpan(bool),
    /// Starts over.
    Arrive(Box<Arrival>),
    /// The page around says something.
    Hear(Heard),
    /// It is time to tell the page around what has been held back.
    Tell,
    /// The stage can be seen, or no longer can.
    Seen(bool),
    CloseError,
    /// The size of the window or the colours have changed.
    Repaint,
    /// Already done.
    Nothing,
}

impl Message {
    /// Whether it changes the run, or leads away from it.
    pub(crate) fn is_change(&self) -> bool {
        matches!(self, Self::Do(_) | Self::ChooseCut(true) | Self::Fork | Self::Compare)
    }
}
