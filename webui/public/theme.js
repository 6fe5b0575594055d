// Runs before the first paint: a theme that was chosen by hand must not flash up as the other one.
// Kept apart from the rest because the Content-Security-Policy allows no inline script.
(function () {
    try {
        const theme = localStorage.getItem("theme");
        if (theme === "light" || theme === "dark") {
            document.documentElement.dataset.theme = theme;
        }
    } catch {
        // No storage: the system's theme it is.
    }
})();
