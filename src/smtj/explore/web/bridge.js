// Tells the server which tab is shown, so that nothing is computed for those that are not.
export function render({ model, el }) {
  const tell = () => { model.tab = document.body.dataset.tab }
  document.addEventListener("smtj:tab", tell)
  tell()
  window.smtj.ready()
}
