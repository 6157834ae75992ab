//! Links between browsers.
