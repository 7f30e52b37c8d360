package workspace;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.s3a.RemoteFileChangedException;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.apache.hadoop.fs.viewfs.ViewFileSystem;
import io.delta.storage.S3SingleDriverLogStore;

/**
 * Commits to a Delta table in S3 by a put that S3 refuses where the object is there already (If-None-Match), so that of
 * two processes which commit the same version one is told.
 */
public class ConditionalLogStore extends S3SingleDriverLogStore {

  public ConditionalLogStore(Configuration conf) {
    super(conf);
  }

  public void write(Path path, Iterator actions, Boolean overwrite, Configuration conf) throws IOException {
    Path target = behindTheView(path, conf);
    FileSystem files = target.getFileSystem(conf);
    if (overwrite.booleanValue() || !(files instanceof S3AFileSystem)) {
      super.write(path, actions, overwrite, conf);
      return;
    }
    byte[] content = lines(actions);
    try {
      put(files, target, content);
    } catch (RemoteFileChangedException there) {
      // A put that is sent again, since its answer was lost, finds itself.
      if (!Arrays.equals(content, read(files, target, content.length + 1))) {
        throw new FileAlreadyExistsException(path.toString());
      }
    }
  }

  /** A view passes no options on to what it shows. */
  private static Path behindTheView(Path path, Configuration conf) throws IOException {
    FileSystem files = path.getFileSystem(conf);
    return files instanceof ViewFileSystem ? new Path(files.resolvePath(path.getParent()), path.getName()) : path;
  }

  private static byte[] lines(Iterator actions) throws IOException {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    while (actions.hasNext()) {
      content.write((actions.next() + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return content.toByteArray();
  }

  private static void put(FileSystem files, Path path, byte[] content) throws IOException {
    FSDataOutputStream out =
        (FSDataOutputStream) files.createFile(path).overwrite(false).must("fs.option.create.conditional.overwrite", true).build();
    out.write(content);
    out.close();
  }

  private static byte[] read(FileSystem files, Path path, int most) throws IOException {
    FSDataInputStream in = files.open(path);
    try {
      return in.readNBytes(most);
    } finally {
      in.close();
    }
  }
}
