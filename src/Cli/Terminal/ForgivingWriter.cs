using System.Text;

namespace Functional.Cli;

/// <summary>Writes as long as that works. The first failure is told; everything after it is dropped, so that nothing else fails for it.</summary>
/// <param name="inner">Where to.</param>
/// <param name="failed">Is told of the first failure, if anybody.</param>
sealed class ForgivingWriter(TextWriter inner, Action<IOException>? failed = null) : TextWriter
{
    bool gone;

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    public override void Flush() => Try(inner.Flush);

    void Try(Action write)
    {
        if (gone) return;
        try
        {
            write();
        }
        catch (IOException e)
        {
            gone = true;
            failed?.Invoke(e);
        }
    }
}
