/* Lets the search work in a folder that nobody serves: browsers start no worker from
   `file:` addresses, so the theme's search script runs in a hidden frame instead. */
if (location.protocol === "file:") {
  class IFrameWorker extends EventTarget {
    constructor(url) {
      super()
      const frame = document.createElement("iframe")
      frame.hidden = true
      document.body.append(frame)
      this.inside = frame.contentWindow
      const answer = data => this.dispatchEvent(new MessageEvent("message", { data }))
      // What a worker calls to answer would, in a frame, send to the frame itself.
      this.inside.postMessage = data => setTimeout(answer, 0, data)
      this.ready = new Promise(resolve => {
        const script = frame.contentDocument.createElement("script")
        script.src = url
        script.onload = resolve
        frame.contentDocument.body.append(script)
      })
    }

    postMessage(data) {
      const { MessageEvent } = this.inside
      this.ready.then(() =>
        this.inside.dispatchEvent(new MessageEvent("message", { data }))
      )
    }

    terminate() {
      this.inside.frameElement.remove()
    }
  }
  // The search script looks for this name to learn where it runs.
  window.IFrameWorker = IFrameWorker
  window.Worker = IFrameWorker
}
