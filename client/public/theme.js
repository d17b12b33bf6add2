// Sets the theme before the first paint. A file of its own, since the page allows no inline script.
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
})();
