// What cannot wait for the page's own script: sets the theme before the first paint, and says so when that script does
// not come. A file of its own, since the page allows no inline script.
(function () {
  var theme = 'auto';
  try {
    theme = JSON.parse(localStorage.getItem('oi-tracker:settings') || '{}').theme;
  } catch (error) {
    console.warn('stored settings could not be read', error);
  }
  if (theme !== 'dark' && theme !== 'light')
    theme = matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme;

  function sayMissing(event) {
    if (!(event.target instanceof HTMLScriptElement)) return;
    var place = document.getElementById('app');
    var note = document.createElement('p');
    note.role = 'alert';
    note.textContent = 'OI Tracker could not be loaded: its server did not answer in full.';
    var reload = document.createElement('button');
    reload.className = 'button';
    reload.textContent = 'Reload';
    reload.onclick = function () {
      location.reload();
    };
    place.className = 'start';
    place.replaceChildren(note, reload);
  }
  // Caught on its way down: what fails to load does not bubble.
  addEventListener('error', sayMissing, true);
})();
