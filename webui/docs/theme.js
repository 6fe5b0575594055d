// Stands in each page itself and runs before the first paint: a theme that was chosen by hand in the
// dashboard must not flash up as the other one. The gateway allows it by its hash.
try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") {
        document.documentElement.dataset.theme = theme;
    }
} catch {
    // No storage: the system's theme it is.
}
